// The file format is speedscope's own, as its file-format-schema.json describes it:
//
//   {"$schema":...,"name":...,"exporter":...,"activeProfileIndex":0,
//    "shared":{"frames":[{"name":"cat"},{"name":"main","file":"/usr/bin/cat"}]},
//    "profiles":[{"type":"sampled","name":"probe:vfs_read","unit":"none","startValue":0,"endValue":3,
//                 "samples":[[0,1]],"weights":[3]}]}
#include "report/speedscope.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/escape.h"
#include "report/number.h"

namespace dtp::report {
namespace {

void append_text(std::string& out, std::string_view before, std::string_view text) {
  out += before;
  base::append_json_string(out, base::escape(text));
}

void append_number(std::string& out, std::string_view before, std::uint64_t number) {
  out += before;
  append_decimal(out, number);
}

class Speedscope {
 public:
  Speedscope(Output& output, const Profile& profile) : output_(output), out_(output.buffer()), profile_(profile) {
    for (const Group& group : profile.groups)
      for (const std::string& key : group.keys)
        key_frames_.try_emplace(key, profile.functions.size() + key_frames_.size());
  }

  Result<void> write(std::string_view name, std::string_view exporter) {
    append_text(out_, R"({"$schema":"https://www.speedscope.app/file-format-schema.json","name":)", name);
    append_text(out_, ",\"exporter\":", exporter);
    append_number(out_, ",\"activeProfileIndex\":", most_hit_event(profile_));
    DTP_CHECK(write_frames());
    out_ += ",\"profiles\":[";
    for (std::size_t event = 0; event < profile_.events.size(); ++event) {
      if (event > 0) out_ += ',';
      DTP_CHECK(write_event(event));
    }
    out_ += "]}\n";
    return output_.flush();
  }

 private:
  // The functions, then the keys in the order of their places.
  Result<void> write_frames() {
    out_ += ",\"shared\":{\"frames\":[";
    const char* comma = "";
    for (const Function& function : profile_.functions) {
      out_ += comma;
      append_text(out_, "{\"name\":", function.name + (function.is_inlined ? " (inlined)" : ""));
      if (!function.module.empty()) append_text(out_, ",\"file\":", function.module);
      out_ += '}';
      comma = ",";
      DTP_CHECK(output_.line_done());
    }
    std::vector<const std::string*> keys(key_frames_.size());
    for (const auto& [key, place] : key_frames_) keys[place - profile_.functions.size()] = &key;
    for (const std::string* key : keys) {
      out_ += comma;
      append_text(out_, "{\"name\":", *key);
      out_ += '}';
      comma = ",";
      DTP_CHECK(output_.line_done());
    }
    out_ += "]}";
    return {};
  }

  Result<void> write_event(std::size_t event) {
    append_text(out_, R"({"type":"sampled","name":)", profile_.events[event].name);
    append_number(out_, R"(,"unit":"none","startValue":0,"endValue":)", profile_.events[event].hits);
    out_ += ",\"samples\":[";
    const char* comma = "";
    for (const StackHits& stack : profile_.stacks) {
      if (profile_.groups[stack.group].event != event) continue;
      out_ += comma;
      append_sample(stack);
      comma = ",";
      DTP_CHECK(output_.line_done());
    }
    out_ += "],\"weights\":[";
    comma = "";
    for (const StackHits& stack : profile_.stacks) {
      if (profile_.groups[stack.group].event != event) continue;
      append_number(out_, comma, stack.hits);
      comma = ",";
      DTP_CHECK(output_.line_done());
    }
    out_ += "]}";
    return {};
  }

  void append_sample(const StackHits& stack) {
    const char* comma = "[";
    for (const std::string& key : profile_.groups[stack.group].keys) {
      append_number(out_, comma, key_frames_.at(key));
      comma = ",";
    }
    for (const FunctionId function : stack.functions) {
      append_number(out_, comma, function);
      comma = ",";
    }
    out_ += comma[0] == '[' ? "[]" : "]";
  }

  Output& output_;
  std::string& out_;
  const Profile& profile_;
  std::map<std::string, std::size_t> key_frames_ = {};  // places among the frames
};

}  // namespace

Result<void> write_speedscope(Output& output, const Profile& profile, std::string_view name,
                              std::string_view exporter) {
  return Speedscope(output, profile).write(name, exporter);
}

}  // namespace dtp::report
