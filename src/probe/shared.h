// Events that share one of the kernel's.
//
// What puts an event off or deletes it waits until nobody can be in its probes any more: for a thousand events, a
// minute. So events with the same fields that are made at once become probes of one event of the kernel, which is
// waited for once. Behind its values each probe writes a constant, the number of the member that it belongs to:
//
//   p:probe_libc/dtp_shared_1 /lib/libc.so.6:0x97a10 size=%di dtp_member=\1:u16
//   p:probe_libc/dtp_shared_1 /lib/libc.so.6:0x98b20 size=%si dtp_member=\2:u16
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace dtp::probe {

inline constexpr std::string_view member_field = "dtp_member";
inline constexpr std::string_view shared_prefix = "dtp_shared_";
inline constexpr unsigned most_members = 65535;

// Lines of the same signature may be of one event of the kernel: it tells the group, entry or return, and names and
// types. Empty: the line cannot be of a shared event.
std::string signature_of(std::string_view line);
// The line as the member of this number of a shared event.
std::string as_member(const std::string& line, std::string_view shared, unsigned number);
// None: the line is not of a shared event.
std::optional<unsigned> member_number(std::string_view line);
// The filter of a shared event that lets through what these members ask for: number -> filter, empty: every record.
// `all` are those that it has. Empty: nothing is kept out.
std::string filter_of_members(const std::map<unsigned, std::string>& asked, const std::set<unsigned>& all);
// The line as it would be of an event of its own.
std::string alone(const std::string& line, std::string_view event);

}  // namespace dtp::probe
