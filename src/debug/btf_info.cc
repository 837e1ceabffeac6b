// BTF behind the common door. It knows types and functions, but no addresses, no inlining and no locals;
// where parameters are at a function's entry follows from the calling convention.
#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <variant>

#include "arch/arch.h"
#include "base/file.h"
#include "base/pattern.h"
#include "debug/btf.h"
#include "debug/calling.h"
#include "debug/elf_file.h"
#include "debug/info.h"

namespace dtp::debug {
namespace {

// Bytes read or mapped, with their index. Not movable: the index looks into them.
struct Opened {
  std::variant<std::string, base::Mapping, ElfFile> file = {};
  btf::Blob blob = {};
};

std::span<const std::byte> raw_bytes(const Opened& opened) {
  if (const auto* mapping = std::get_if<base::Mapping>(&opened.file)) return mapping->bytes();
  if (const auto* text = std::get_if<std::string>(&opened.file)) return std::as_bytes(std::span(*text));
  return std::get<ElfFile>(opened.file).section(".BTF");
}

bool is_elf(const base::Mapping& mapping) {
  const auto bytes = mapping.bytes();
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

Result<void> open_elf(Opened& opened, const std::string& path) {
  DTP_TRY(ElfFile file, ElfFile::open(path));
  if (file.section(".BTF").empty())
    return fail({.what = fmt::format("'{}' has no BTF", path), .status = Status::not_possible});
  // Modules built outside the kernel's tree bring a base that names the kernel's types without members.
  if (file.has_section(".BTF.base"))
    return fail({.what = fmt::format("the BTF of '{}' is not tied to a kernel yet", path),
                 .hint = "load the module and name it: -m MODULE",
                 .status = Status::not_possible});
  opened.file = std::move(file);
  return {};
}

Result<std::unique_ptr<Opened>> open_one(const std::string& path, const btf::Blob* base) {
  auto opened = std::make_unique<Opened>();
  if (auto mapping = base::map_file(path); mapping && is_elf(*mapping)) {
    DTP_CHECK(open_elf(*opened, path));
  } else if (mapping && !mapping->bytes().empty()) {
    opened->file = std::move(*mapping);
  } else {
    // Not every kernel lets the files under /sys/kernel/btf be mapped.
    DTP_TRY(opened->file, base::read_file(path));
  }
  DTP_TRY(opened->blob, btf::Blob::parse(raw_bytes(*opened), base, path));
  return opened;
}

class BtfInfo final : public Info {
 public:
  BtfInfo(std::string path, std::unique_ptr<Opened> base, std::unique_ptr<Opened> own)
      : path_(std::move(path)), base_(std::move(base)), own_(std::move(own)) {}

  type::Type load_type(type::Id id) override { return blob().load(id.key); }

  Result<std::vector<Instance>> find_functions(const std::string& name) override {
    std::vector<Instance> found;
    for (const std::uint32_t id : blob().find_functions(name)) found.push_back({.function = name, .scope = id});
    return found;
  }

  Result<std::vector<Instance>> find_matching(const FunctionQuery& query) override {
    std::vector<Instance> found;
    if (!query.file.empty()) return found;
    for (const std::uint32_t id : blob().functions()) {
      const auto record = blob().at(id);
      std::string name(record ? blob().text(record->name) : "");
      if (base::matches_pattern(query.pattern, name)) found.push_back({.function = std::move(name), .scope = id});
    }
    std::ranges::stable_sort(found, {}, &Instance::function);
    return found;
  }

  Result<std::vector<Instance>> find_function_at(std::uint64_t) override { return std::vector<Instance>{}; }

  // Nameless parameters cannot be asked for, but they take their registers: the key counts them.
  std::vector<Variable> find_variables(const Instance& instance, std::uint64_t) override {
    std::vector<Variable> found;
    const auto all = parameters(instance);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (const auto name = blob().text(all[i].name); !name.empty())
        found.push_back({.name = std::string(name), .type = {all[i].type}, .role = Role::parameter, .key = i});
    return found;
  }

  // Right at the function's entry only; the caller asks for no other place.
  Whereabouts locate(const Instance& instance, std::uint64_t, const Variable& variable) override {
    std::vector<type::Id> ids;
    for (const btf::Parameter& parameter : parameters(instance)) ids.push_back({parameter.type});
    const auto places = place_parameters(types(), arch::x86_64(), find_result_type(instance), ids);
    if (variable.key < places.size()) return places[variable.key];
    return Unavailable{Reason::unknown_calling, "BTF knows parameters only"};
  }

  type::Id find_result_type(const Instance& instance) override {
    const auto prototype = blob().prototype(instance.scope);
    return {prototype ? prototype->size_or_type : 0};
  }

  bool returns_void(const Instance& instance) override {
    const auto prototype = blob().prototype(instance.scope);
    return prototype && prototype->size_or_type == 0;
  }

  std::optional<type::Id> find_type(std::string_view c_name) override {
    if (const auto id = blob().find_type(c_name)) return type::Id{*id};
    return std::nullopt;
  }

  std::optional<std::int64_t> find_enumerator(std::string_view name) override { return blob().find_enumerator(name); }

  std::vector<std::string> function_names() override {
    std::vector<std::string> names;
    names.reserve(blob().functions().size());
    for (const std::uint32_t id : blob().functions())
      if (const auto record = blob().at(id)) names.emplace_back(blob().text(record->name));
    return names;
  }

  std::string source() const override { return "BTF of " + path_; }

 private:
  const btf::Blob& blob() const { return own_->blob; }

  std::vector<btf::Parameter> parameters(const Instance& instance) const {
    const auto prototype = blob().prototype(instance.scope);
    return prototype ? btf::parameters(*prototype) : std::vector<btf::Parameter>{};
  }

  std::string path_;
  std::unique_ptr<Opened> base_;  // what own_ refers to, when it is a module's
  std::unique_ptr<Opened> own_;
};

}  // namespace

Result<std::unique_ptr<Info>> open_btf(const std::string& path, const std::string& base) {
  std::unique_ptr<Opened> kernel;
  if (!base.empty()) {
    DTP_TRY(kernel, open_one(base, nullptr));
  }
  DTP_TRY(auto own, open_one(path, kernel ? &kernel->blob : nullptr));
  return std::make_unique<BtfInfo>(path, std::move(kernel), std::move(own));
}

}  // namespace dtp::debug
