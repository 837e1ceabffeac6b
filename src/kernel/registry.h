// What dtrace++ remembers of persistent probes: the words they were asked for with, and how their fields want
// to be shown. The kernel keeps neither. One file an event; a probe that was changed by others is not known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dtracepp/path.h"
#include "kernel/events.h"

namespace dtp::kernel {

struct KnownField {
  std::string name = {};  // as the kernel has it: "arg1" for one without a name
  path::Display display = path::Display::none;
  std::string c_type = {};
  bool operator==(const KnownField&) const = default;
};

// One of those that share the event (probe/shared.h).
struct KnownMember {
  unsigned number = 0;
  std::string event = {};
  std::string request = {};
  bool operator==(const KnownMember&) const = default;
};

struct KnownProbe {
  EventName name = {};
  std::string request = {};  // the user's words
  std::vector<KnownField> fields = {};
  std::vector<KnownMember> members = {};
  std::vector<std::string> lines = {};  // as the kernel lists them; save() fills it
  bool operator==(const KnownProbe&) const = default;
};

class Registry {
 public:
  explicit Registry(std::string directory = "/run/dtracepp/probes") : directory_(std::move(directory)) {}
  // It remembers: without it nobody would know the names of members.
  bool is_usable() const;
  // Call when the event exists. A place that cannot be written is no error: nothing is remembered then.
  void save(const KnownProbe& probe, const Event& listed) const;
  // None when nothing is known or the kernel's lines are not those of save().
  std::optional<KnownProbe> find(const Event& listed) const;
  void forget(const EventName& name) const;

 private:
  std::string directory_;
};

// The file's text, and back; none for a text that is not one.
std::string format_known(const KnownProbe& probe);
std::optional<KnownProbe> parse_known(std::string_view text);

}  // namespace dtp::kernel
