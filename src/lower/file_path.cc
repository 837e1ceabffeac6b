#include "lower/file_path.h"

#include <fmt/format.h>

#include <algorithm>

#include "dtracepp/limits.h"
#include "type/query.h"

namespace dtp::lower {
namespace {

// What is read of each chain at the most; the kernel's limits may leave fewer.
constexpr int most_components = 8;
constexpr int most_mount_components = 4;
constexpr int most_outer_components = 2;

// Bytes of the rendered fetch-arg, at most.
std::size_t length_of(const path::Path& path) {
  constexpr std::string_view type = ":string";
  const auto* symbol = std::get_if<path::Symbol>(&path.base);
  std::size_t length = type.size() + (symbol != nullptr ? symbol->name.size() + 12 : 7);
  for (const path::Deref& deref : path.derefs)
    length += fmt::formatted_size("{:+}()", deref.offset) + (deref.user ? 1 : 0);
  return length;
}

bool fits(const path::Path& path) {
  return path::fetch_steps(path, {}) <= limits::most_fetch_steps && length_of(path) <= limits::longest_argument;
}

class PathReader {
 public:
  PathReader(Walker& walker, const Target& target, Span span)
      : walker_(walker), types_(target.info->types()), info_(*target.info), span_(span) {}

  Result<std::vector<path::Field>> read(Place place, path::Field first) {
    DTP_TRY(Struct at, find_start(place));
    if (at.name == "file") {
      const Struct file = at;
      auto member = member_of(file, "f_path");
      if (!member) member = member_of(file, "__f_path");
      if (!member) return fail(unknown("file", "f_path"));
      place.offset += member->offset;
      at = definition(member->type, "path");
    }
    path::Path mount;
    const bool is_dentry = at.name == "dentry";
    if (is_dentry) {
      DTP_CHECK(walker_.load(place, span_));
      start_ = {place.base, place.derefs};
    } else {
      const auto dentry = member_of(at, "dentry");
      const auto mnt = member_of(at, "mnt");
      if (!dentry || !mnt) return fail(unknown("path", "dentry"));
      mount = pointer_at(place, mnt->offset);
      start_ = pointer_at(place, dentry->offset);
      at = definition(types_.at(type::strip(types_, dentry->type)).target, "dentry");
    }
    const auto parent = member_of(at, "d_parent");
    const auto outer = member_of(at, "d_name");
    const auto inner = outer ? member_of(definition(outer->type, "qstr"), "name") : std::nullopt;
    if (!parent || !inner) return fail(unknown("dentry", "d_parent"));
    parent_ = parent->offset;
    name_ = outer->offset + inner->offset;
    first_ = std::move(first);
    if (!fits(component(start_, 0)))
      return fail(walker_.error("the kernel cannot follow so many pointers to a path", span_,
                                "read the last component: ...->d_name.name:string"));
    add_all("d", start_, most_components);
    if (!is_dentry) add_mounts(mount);
    return std::move(fields_);
  }

 private:
  struct Struct {
    type::Id id = {};
    std::string name = {};
  };
  struct Found {
    std::int64_t offset = 0;
    type::Id type = {};
  };

  // Which of the three it is. Afterwards `place` is its object in memory, of a dentry the pointer to it.
  Result<Struct> find_start(Place& place) const {
    if (!place.type) return fail(wrong_type("its type is not known"));
    const type::Type& plain = types_.at(type::strip(types_, *place.type));
    const bool is_pointer = plain.kind == type::Kind::pointer;
    const type::Id id = is_pointer ? plain.target : *place.type;
    const type::Type& target = types_.at(type::strip(types_, id));
    const bool is_known = target.name == "file" || target.name == "path" || target.name == "dentry";
    if (target.kind != type::Kind::structure || !is_known || (!is_pointer && !place.in_memory))
      return fail(wrong_type(fmt::format("it is '{}'", walker_.type_name(place))));
    if (is_pointer && target.name != "dentry") {
      DTP_CHECK(walker_.load(place, span_));
      place.in_memory = true;
    } else if (!is_pointer && target.name == "dentry") {
      return fail(wrong_type("it is a dentry and not a pointer to one"));
    }
    return definition(id, target.name);
  }

  Error wrong_type(std::string why) const {
    return walker_.error(fmt::format("this has no path: {}", why), span_,
                         "a struct file, a struct path and a struct dentry have one");
  }

  Error unknown(std::string_view type, std::string_view member) const {
    return walker_.error(fmt::format("'struct {}' has no member '{}' in this debug information", type, member), span_);
  }

  // Where this unit only declares it, that of another.
  Struct definition(type::Id id, const std::string& name) const {
    if (!types_.at(type::strip(types_, id)).is_declaration) return {id, name};
    return {info_.find_type("struct " + name).value_or(id), name};
  }

  std::optional<Found> member_of(const Struct& of, std::string_view member) const {
    const auto found = type::find_member(types_, of.id, member);
    if (!found) return std::nullopt;
    return Found{static_cast<std::int64_t>(found->bit_offset / 8), found->type};
  }

  static path::Path pointer_at(const Place& place, std::int64_t offset) {
    path::Path path{place.base, place.derefs};
    path.derefs.push_back({place.offset + offset, place.user});
    return path;
  }

  // The name of the dentry so many parents above.
  path::Path component(path::Path dentry, int parents) const {
    for (int i = 0; i < parents; ++i) dentry.derefs.push_back({parent_});
    dentry.derefs.push_back({name_});
    dentry.derefs.push_back({0});
    return dentry;
  }

  void add(const std::string& part, path::Path path) {
    path::Field field = first_;
    if (!fields_.empty()) {
      field.name += "__" + part;
      field.display = path::Display::path_part;
      field.steps.clear();
    }
    field.path = std::move(path);
    field.read = path::Read{.form = path::Form::string};
    fields_.push_back(std::move(field));
  }

  void add_all(const std::string& part, const path::Path& dentry, int most) {
    for (int i = 0; i < most && fits(component(dentry, i)); ++i) add(part + std::to_string(i), component(dentry, i));
  }

  // `vfsmount` is the pointer in a struct path; it points into a struct mount.
  void add_mounts(const path::Path& vfsmount) {
    const auto id = info_.find_type("struct mount");
    if (!id) return;
    const Struct mount{*id, "mount"};
    const auto inner = member_of(mount, "mnt");
    const auto mountpoint = member_of(mount, "mnt_mountpoint");
    const auto parent = member_of(mount, "mnt_parent");
    if (!inner || !mountpoint || !parent) return;
    const auto root = member_of(definition(inner->type, "vfsmount"), "mnt_root");
    if (!root) return;
    const auto at = [](path::Path path, std::int64_t by) {
      path.derefs.push_back({by});
      return path;
    };
    const path::Path outer = at(vfsmount, parent->offset - inner->offset);
    const path::Path last = component(at(at(outer, parent->offset), mountpoint->offset), 0);
    if (!fits(last)) return;
    add("r", component(at(vfsmount, root->offset), 0));
    add_all("m", at(vfsmount, mountpoint->offset - inner->offset), most_mount_components);
    add("q", component(at(outer, inner->offset + root->offset), 0));
    add_all("p", at(outer, mountpoint->offset), most_outer_components);
    add("t", last);
  }

  Walker& walker_;
  type::Table& types_;
  debug::Info& info_;
  Span span_;
  path::Path start_ = {};
  std::int64_t parent_ = 0;
  std::int64_t name_ = 0;
  path::Field first_ = {};
  std::vector<path::Field> fields_ = {};
};

}  // namespace

Result<std::vector<path::Field>> read_file_path(Walker& walker, const Target& target, Place place, path::Field first,
                                                Span span) {
  if (target.is_user() || target.info == nullptr)
    return fail(walker.error("paths are read in the kernel, by its debug information", span));
  return PathReader(walker, target, span).read(std::move(place), std::move(first));
}

}  // namespace dtp::lower
