// tracefs in memory, for tests: keeps files, logs every write, refuses on demand.
#pragma once

#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/lines.h"
#include "kernel/tracefs.h"

namespace dtp::kernel {

class FakeTraceFs final : public TraceFs {
 public:
  std::map<std::string, std::string> files = {};  // directories are the prefixes of their files
  std::vector<std::string> log = {};              // "kprobe_events <- p:probe/x x"
  std::map<std::string, std::string> torn = {};   // what the first reading of a file gives, once
  std::map<std::string, int> refused = {};        // text of a write -> errno, given once each
  std::string error_log_entry = {};               // appended to error_log when a write is refused

  Io<std::string> read(const std::string& path) override {
    const auto found = files.find(path);
    if (found == files.end()) return std::unexpected(ENOENT);
    if (const auto first = torn.extract(path)) return first.mapped();
    return found->second;
  }

  Io<void> write(const std::string& path, std::string_view text) override {
    while (text.ends_with('\n')) text.remove_suffix(1);
    log.push_back(path + " <- " + std::string(text));
    const auto found = files.find(path);
    if (found == files.end()) return std::unexpected(ENOENT);
    if (const auto refusal = refused.find(std::string(text)); refusal != refused.end()) {
      const int error_number = refusal->second;
      refused.erase(refusal);
      files["error_log"] += error_log_entry;
      return std::unexpected(error_number);
    }
    if (!path.ends_with("_events")) {
      found->second = std::string(text) + "\n";
      return {};
    }
    return change_events(path, std::string(text));
  }

  Io<std::vector<std::string>> list(const std::string& path) override {
    std::set<std::string> names;
    const std::string prefix = path + "/";
    for (const auto& [file, content] : files) {
      if (file.starts_with(prefix))
        names.insert(file.substr(prefix.size(), file.find('/', prefix.size()) - prefix.size()));
    }
    if (names.empty()) return std::unexpected(ENOENT);
    return std::vector<std::string>(names.begin(), names.end());
  }

  bool exists(const std::string& path) override { return files.contains(path) || list(path).has_value(); }

  Io<void> make_directory(const std::string& path) override {
    log.push_back("mkdir " + path);
    return {};
  }

  Io<void> remove_directory(const std::string& path) override {
    log.push_back("rmdir " + path);
    return list(path) ? Io<void>{} : std::unexpected(ENOENT);
  }

  Io<base::Fd> open_stream(const std::string&) override { return std::unexpected(ENOENT); }

 private:
  // "p:GROUP/EVENT PLACE" adds a line and the event's directory, "-:GROUP/EVENT" takes them away, "-:GROUP/EVENT PLACE"
  // that line.
  Io<void> change_events(const std::string& path, const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string name = text.substr(colon + 1, text.find(' ') - colon - 1);
    if (!text.starts_with('-')) {
      files[path] += text + "\n";
      files["events/" + name + "/id"] = std::to_string(2000 + ++last_id_) + "\n";
      return {};
    }
    std::string kept;
    const std::string all = files[path];
    for (std::string_view rest = all; !rest.empty();) {
      const std::string line(base::take_line(rest));
      const bool is_meant = text.contains(' ') ? line.ends_with(text.substr(colon)) : line.contains(":" + name + " ");
      if (!is_meant) kept += line + "\n";
    }
    if (kept == all) return std::unexpected(ENOENT);
    files[path] = kept;
    if (!kept.contains(":" + name + " ")) files.erase("events/" + name + "/id");
    return {};
  }

  int last_id_ = 0;
};

}  // namespace dtp::kernel
