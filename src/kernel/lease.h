// Probes that stay in the kernel with no process of ours: what was asked for, and until when.
//
// The kernel knows only the objects: an instance and events, both in the name "dtp_armed_NAME". The rest stands in a
// file of /run, which is gone after a boot, as they are. Its owner alone may read and write it, and its lock (flock(2))
// says that somebody is at work on what it stands for. A file that does not end with "end", and that nobody works on,
// is of an arming that was cut off.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "dtracepp/error.h"
#include "kernel/events.h"
#include "kernel/registry.h"

namespace dtp::kernel {

// An event that is recorded or counted, with what the kernel does not keep.
struct LeasedEvent {
  EventName name = {};
  std::string group = {};                                       // that people are shown
  std::vector<std::string> probes = {};                         // of the recipe that it serves
  std::string filter = {};                                      // in the kernel's language
  std::string format = {};                                      // annotated with the displays
  std::vector<std::pair<std::string, std::string>> shown = {};  // fields, and what they are called; none: all
  std::vector<KnownMember> members = {};                        // who share it
  bool operator==(const LeasedEvent&) const = default;
};

struct Lease {
  std::string name = {};
  std::string what = {};      // the user's words
  bool counts = false;        // the kernel adds up; else a ring keeps the newest records
  std::uint64_t since_s = 0;  // of the clock that counts from the boot on, suspended or not
  std::uint64_t until_s = 0;
  std::uint64_t ring_bytes = 0;  // of each cpu
  std::string recipe = {};       // the text of its file; empty: a probe was asked for
  std::string recipe_file = {};
  std::vector<std::string> words = {};                            // of the recipe: NAME=VALUE
  std::vector<std::pair<std::string, std::string>> options = {};  // of a probe
  std::vector<LeasedEvent> events = {};
  bool is_whole = false;  // the arming came to its end
  bool operator==(const Lease&) const = default;
};

// The file's text, and back; none for a text that is not one.
std::string format_lease(const Lease& lease);
std::optional<Lease> parse_lease(std::string_view text);

// As it stands in the kernel, where '-' is no character: two such names are one.
std::string plain_name(std::string_view name);
// The group of its events, and its instance: "dtp_armed_files_read".
std::string group_of_lease(std::string_view name);
// The other way round; none: it is not the group of a lease.
std::optional<std::string> lease_of_group(std::string_view group);
// Letters, digits, '-' and '_', 40 at the most.
bool is_lease_name(std::string_view name);

std::uint64_t seconds_since_boot();
inline bool has_expired(const Lease& lease) { return seconds_since_boot() >= lease.until_s; }

// A lease whose file this process has locked.
class HeldLease {
 public:
  Lease lease = {};

  // Writes it as it is now.
  Result<void> save() const;

 private:
  friend class Leases;
  HeldLease(base::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  base::Fd fd_;
  std::string path_;
};

class Leases {
 public:
  explicit Leases(std::string directory = "/run/dtracepp/armed") : directory_(std::move(directory)) {}

  // One that exists is an error.
  Result<HeldLease> create(const std::string& name) const;
  // None: there is no such lease.
  Result<std::optional<HeldLease>> hold(const std::string& name) const;
  // All that can be read, by name; those that nobody may trust are left out.
  std::vector<Lease> list() const;
  void forget(const HeldLease& held) const;

 private:
  std::string path_of(std::string_view name) const;
  std::optional<HeldLease> open(const std::string& path) const;

  std::string directory_;
};

// Takes what a lease has in the kernel out again. Of a ring that is being read it stays (EBUSY).
Result<void> remove_leased(TraceFs& tracefs, const std::string& name);
// The leases that have ended, and what of one that was cut off is there. Gives their names.
std::vector<std::string> remove_expired(TraceFs& tracefs, const Leases& leases = Leases());
// What is in the kernel under the name of a lease whose file is gone.
std::vector<std::string> leases_without_file(TraceFs& tracefs, const Leases& leases = Leases());

}  // namespace dtp::kernel
