// The section is a trace.dat(5) of version 0.6 without its options and its events:
//
//   17 08 44 "tracing"  "0.6\0"  endian: u8  size of long: u8  page size: u32
//   "header_page\0"  u64 size, text      "header_event\0"  u64 size, text
//   u32 count of formats of ftrace's own events, each u64 size, text
//   u32 count of groups, each "group\0", u32 count of events, each u64 size, text
//   kallsyms: u32 size, text     printk formats: u32 size, text     saved names of tasks: u64 size, text
//
// The last three may be empty. Texts have no NUL at the end; numbers are little-endian.
#include "record/tracing_data.h"

#include <unistd.h>

#include <cstdint>
#include <map>
#include <string_view>

#include "base/cursor.h"

namespace dtp::record {
namespace {

constexpr std::string_view magic{"\x17\x08\x44tracing", 10};

template <class T>
void put(std::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_name(std::string& out, std::string_view name) { out.append(name).push_back('\0'); }

void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out += text;
}

std::string take_text(base::Cursor& cursor) {
  const auto size = cursor.read<std::uint64_t>();
  const auto bytes = cursor.take(size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<void> take_formats(base::Cursor& cursor, const std::string& group, std::vector<EventFormat>& formats) {
  const auto count = cursor.read<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string text = take_text(cursor);
    if (cursor.failed()) return fail({.what = "the event formats of the file are cut off"});
    formats.push_back({group, std::move(text)});
  }
  return {};
}

}  // namespace

std::string encode_tracing_data(const TracingData& data) {
  std::map<std::string_view, std::vector<std::string_view>> groups;
  for (const EventFormat& format : data.formats) groups[format.group].push_back(format.text);

  std::string out(magic);
  put_name(out, "0.6");
  put<std::uint8_t>(out, 0);  // little-endian
  put<std::uint8_t>(out, sizeof(long));
  put<std::uint32_t>(out, static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE)));
  put_name(out, "header_page");
  put_text(out, data.header_page);
  put_name(out, "header_event");
  put_text(out, data.header_event);
  put<std::uint32_t>(out, 0);
  put<std::uint32_t>(out, static_cast<std::uint32_t>(groups.size()));
  for (const auto& [group, texts] : groups) {
    put_name(out, group);
    put<std::uint32_t>(out, static_cast<std::uint32_t>(texts.size()));
    for (const std::string_view text : texts) put_text(out, text);
  }
  put<std::uint32_t>(out, 0);
  put<std::uint32_t>(out, 0);
  put<std::uint64_t>(out, 0);
  return out;
}

bool is_tracing_data(std::span<const std::byte> bytes) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).starts_with(magic);
}

Result<TracingData> decode_tracing_data(std::span<const std::byte> bytes) {
  if (!is_tracing_data(bytes)) return fail({.what = "the event formats of the file are not in perf's form"});
  base::Cursor cursor(bytes, magic.size());
  cursor.read_c_string();
  if (cursor.read<std::uint8_t>() != 0) return fail({.what = "the file was recorded on a big-endian machine"});
  cursor.skip(1 + 4);
  TracingData data;
  if (cursor.read_c_string() != "header_page")
    return fail({.what = "the event formats of the file are not in perf's form"});
  data.header_page = take_text(cursor);
  cursor.read_c_string();
  data.header_event = take_text(cursor);
  DTP_CHECK(take_formats(cursor, "ftrace", data.formats));
  const auto groups = cursor.read<std::uint32_t>();
  for (std::uint32_t i = 0; i < groups && !cursor.failed(); ++i) {
    const std::string group(cursor.read_c_string());
    DTP_CHECK(take_formats(cursor, group, data.formats));
  }
  if (cursor.failed()) return fail({.what = "the event formats of the file are cut off"});
  return data;
}

}  // namespace dtp::record
