// A location is a function here: where in it the stack was taken is not kept, and an inlined function has a location of
// its own above the one that it is in.
#include "report/pprof.h"

#include <algorithm>
#include <map>
#include <protozero/pbf_builder.hpp>
#include <string>
#include <vector>

#include "base/escape.h"
#include "report/gzip.h"
#include "report/pprof_fields.h"

namespace dtp::report {
namespace {

template <class Fields>
using Message = protozero::pbf_builder<Fields>;

class Encoder {
 public:
  Encoder(const Profile& profile, const ProfileOrigin& origin) : profile_(profile), origin_(origin) {}

  std::string encode() {
    text_id("");  // the first one must be
    add_types();
    for (const StackHits& stack : profile_.stacks) add_sample(stack);
    for (FunctionId id = 0; id < profile_.functions.size(); ++id) add_function(id);
    for (const auto& [path, id] : mappings_) add_mapping(path, id);
    if (origin_.wall_offset_ns) {
      const std::uint64_t begin_ns = profile_.first_ns + static_cast<std::uint64_t>(*origin_.wall_offset_ns);
      out_.add_int64(pprof::Profile::time_nanos, static_cast<std::int64_t>(begin_ns));
    }
    out_.add_int64(pprof::Profile::duration_nanos, static_cast<std::int64_t>(profile_.last_ns - profile_.first_ns));
    out_.add_int64(pprof::Profile::comment, text_id(origin_.exporter + ", " + origin_.name));
    for (const std::string& text : texts_) out_.add_string(pprof::Profile::string_table, text);
    return std::move(bytes_);
  }

 private:
  std::int64_t text_id(const std::string& raw) {
    std::string text = base::escape(raw);
    const auto [at, is_new] = text_ids_.try_emplace(text, static_cast<std::int64_t>(texts_.size()));
    if (is_new) texts_.push_back(std::move(text));
    return at->second;
  }

  // pprof shows the preferred value first: that with most hits.
  void add_types() {
    for (const ProfiledEvent& event : profile_.events) {
      Message<pprof::ValueType> type(out_, pprof::Profile::sample_type);
      type.add_int64(pprof::ValueType::type, text_id(event.name));
      type.add_int64(pprof::ValueType::unit, text_id("count"));
    }
    if (!profile_.events.empty()) {
      const std::string& most = profile_.events[most_hit_event(profile_)].name;
      out_.add_int64(pprof::Profile::default_sample_type, text_id(most));
    }
  }

  void add_sample(const StackHits& stack) {
    const Group& group = profile_.groups[stack.group];
    std::vector<std::uint64_t> locations;
    for (const FunctionId id : stack.functions) locations.push_back(std::uint64_t{id} + 1);
    std::ranges::reverse(locations);
    std::vector<std::int64_t> values(profile_.events.size());
    values[group.event] = static_cast<std::int64_t>(stack.hits);
    Message<pprof::Sample> sample(out_, pprof::Profile::sample);
    sample.add_packed_uint64(pprof::Sample::location_id, locations.begin(), locations.end());
    sample.add_packed_int64(pprof::Sample::value, values.begin(), values.end());
    for (std::size_t i = 0; i < group.keys.size(); ++i) {
      Message<pprof::Label> label(sample, pprof::Sample::label);
      label.add_int64(pprof::Label::key, text_id(profile_.keys[i].name));
      label.add_int64(pprof::Label::str, text_id(group.keys[i]));
    }
  }

  void add_function(FunctionId place) {
    const Function& function = profile_.functions[place];
    const std::uint64_t id = std::uint64_t{place} + 1;
    {
      Message<pprof::Function> message(out_, pprof::Profile::function);
      message.add_uint64(pprof::Function::id, id);
      message.add_int64(pprof::Function::name, text_id(function.name));
      message.add_int64(pprof::Function::system_name, text_id(function.name));
      message.add_int64(pprof::Function::filename, text_id(function.module));
    }
    Message<pprof::Location> location(out_, pprof::Profile::location);
    location.add_uint64(pprof::Location::id, id);
    if (!function.module.empty())
      location.add_uint64(pprof::Location::mapping_id,
                          mappings_.try_emplace(function.module, mappings_.size() + 1).first->second);
    Message<pprof::Line> line(location, pprof::Location::line);
    line.add_uint64(pprof::Line::function_id, id);
  }

  void add_mapping(const std::string& path, std::uint64_t id) {
    Message<pprof::Mapping> mapping(out_, pprof::Profile::mapping);
    mapping.add_uint64(pprof::Mapping::id, id);
    mapping.add_int64(pprof::Mapping::filename, text_id(path));
    mapping.add_bool(pprof::Mapping::has_functions, true);
    mapping.add_bool(pprof::Mapping::has_inline_frames, true);
  }

  const Profile& profile_;
  const ProfileOrigin& origin_;
  std::string bytes_ = {};
  Message<pprof::Profile> out_{bytes_};
  std::vector<std::string> texts_ = {};
  std::map<std::string, std::int64_t> text_ids_ = {};
  std::map<std::string, std::uint64_t> mappings_ = {};  // by path
};

}  // namespace

std::string encode_pprof(const Profile& profile, const ProfileOrigin& origin) {
  return Encoder(profile, origin).encode();
}

Result<void> write_pprof(Output& output, const Profile& profile, const ProfileOrigin& origin) {
  DTP_TRY(const std::string compressed, gzip(encode_pprof(profile, origin)));
  output.buffer() += compressed;
  return output.flush();
}

}  // namespace dtp::report
