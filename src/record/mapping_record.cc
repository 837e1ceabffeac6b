#include "record/mapping_record.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "base/cursor.h"
#include "base/hex.h"
#include "record/perf_data_format.h"

namespace dtp::record {
namespace {

constexpr std::uint16_t build_id_has_size = 1U << 15;  // PERF_RECORD_MISC_BUILD_ID_SIZE of perf
constexpr std::size_t most_build_id = 20;
constexpr std::uint32_t nobody = UINT32_MAX;  // the pid of the kernel's mappings
constexpr std::size_t longest_path = 4096;
// perf names the kernel's text by the symbol where it begins.
constexpr std::string_view kernel_text = "[kernel.kallsyms]_text";

bool is_kernel(const perf_event_header& header) {
  return (header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
}

// What stands between the file offset and the name in MMAP2: the build-id, or device and inode; then the protection.
bool take_details(base::Cursor& cursor, const perf_event_header& header, Module& module) {
  if ((header.misc & PERF_RECORD_MISC_MMAP_BUILD_ID) != 0) {
    const auto size = cursor.read<std::uint8_t>();
    cursor.skip(3);
    const auto bytes = cursor.take(most_build_id);
    module.build_id = base::to_hex(bytes.first(std::min<std::size_t>(size, bytes.size())));
  } else {
    cursor.skip(24);
  }
  const auto protection = cursor.read<std::uint32_t>();
  cursor.skip(4);
  return (protection & PROT_EXEC) != 0;
}

std::vector<std::byte> build_id_of(const Module& module) {
  std::vector<std::byte> bytes = base::from_hex(module.build_id);
  bytes.resize(std::min(bytes.size(), most_build_id));
  return bytes;
}

// Pads the name, which stands at the end of the body.
std::string finish(perf_event_header header, std::string body, std::string_view name, std::size_t trailer) {
  body += name.substr(0, longest_path);
  body.append(8 - body.size() % 8 + trailer, '\0');
  header.size = static_cast<std::uint16_t>(sizeof header + body.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + body;
}

std::string encode_build_id(const Module& module) {
  const std::vector<std::byte> bytes = build_id_of(module);
  std::string body(4, '\xff');
  body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()).append(most_build_id - bytes.size(), '\0');
  body += static_cast<char>(bytes.size());
  body.append(3, '\0');
  return finish({.type = record_build_id, .misc = PERF_RECORD_MISC_KERNEL | build_id_has_size}, body, module.path, 0);
}

}  // namespace

std::optional<NewMapping> parse_mapping(std::span<const std::byte> record) {
  base::Cursor cursor(record);
  const auto header = cursor.read<perf_event_header>();
  NewMapping mapping;
  mapping.pid = cursor.read<std::uint32_t>();
  cursor.skip(4);  // thread
  mapping.start = cursor.read<std::uint64_t>();
  const auto size = cursor.read<std::uint64_t>();
  mapping.offset = cursor.read<std::uint64_t>();
  mapping.is_executable = header.type == PERF_RECORD_MMAP ? (header.misc & PERF_RECORD_MISC_MMAP_DATA) == 0
                                                          : take_details(cursor, header, mapping.module);
  mapping.module.path = cursor.read_c_string();
  if (cursor.failed() || size > UINT64_MAX - mapping.start) return std::nullopt;
  mapping.end = mapping.start + size;
  mapping.module.is_kernel = is_kernel(header);
  if (mapping.module.is_kernel && mapping.module.path.starts_with(kernel_name)) mapping.module.path = kernel_name;
  return mapping;
}

std::optional<Module> parse_build_id(std::span<const std::byte> record) {
  base::Cursor cursor(record);
  const auto header = cursor.read<perf_event_header>();
  cursor.skip(4);  // process
  const auto bytes = cursor.take(most_build_id);
  const auto size = cursor.read<std::uint8_t>();
  cursor.skip(3);
  Module module{.path = std::string(cursor.read_c_string()), .is_kernel = is_kernel(header)};
  if (cursor.failed()) return std::nullopt;
  const bool has_size = (header.misc & build_id_has_size) != 0;
  module.build_id = base::to_hex(bytes.first(has_size ? std::min<std::size_t>(size, bytes.size()) : bytes.size()));
  return module;
}

std::string encode_mapping(const NewMapping& mapping, std::size_t trailer) {
  std::string body;
  const auto put = [&](const auto& value) { body.append(reinterpret_cast<const char*>(&value), sizeof value); };
  const Module& module = mapping.module;
  put(module.is_kernel ? nobody : mapping.pid);
  put(module.is_kernel ? 0 : mapping.pid);
  put(mapping.start);
  put(mapping.end - mapping.start);
  put(mapping.offset);
  if (module.is_kernel) {
    const std::string_view name = module.path == kernel_name ? kernel_text : std::string_view(module.path);
    const std::string record = finish({.type = PERF_RECORD_MMAP, .misc = PERF_RECORD_MISC_KERNEL}, body, name, trailer);
    return module.build_id.empty() ? record : encode_build_id(module) + record;
  }
  const std::vector<std::byte> build_id = build_id_of(module);
  put(static_cast<std::uint32_t>(build_id.size()));
  body.append(reinterpret_cast<const char*>(build_id.data()), build_id.size());
  body.append(most_build_id - build_id.size(), '\0');
  put(static_cast<std::uint32_t>(PROT_READ | (mapping.is_executable ? PROT_EXEC : 0)));
  put(static_cast<std::uint32_t>(MAP_PRIVATE));
  const std::uint16_t with_build_id = build_id.empty() ? 0 : PERF_RECORD_MISC_MMAP_BUILD_ID;
  const std::uint16_t is_data = mapping.is_executable ? 0 : PERF_RECORD_MISC_MMAP_DATA;
  const auto misc = static_cast<std::uint16_t>(PERF_RECORD_MISC_USER | with_build_id | is_data);
  return finish({.type = PERF_RECORD_MMAP2, .misc = misc}, body, module.path, trailer);
}

}  // namespace dtp::record
