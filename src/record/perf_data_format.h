// The perf.data file, as tools/perf/Documentation/perf.data-file-format.txt of the kernel describes it.
//
//   FileHeader | ids | attributes | [event formats] | [members, see members.h] | data: records | feature table |
//   features
//
// An attribute is a perf_event_attr and the place of its ids: a record names its event by such an id. The data are the
// records of the rings as the kernel wrote them, with some of perf's own between them (types from 64 on). The
// feature table stands right after the data and has a FileSection for each bit set in `features`.
//
// perf writes the features when a recording ends, and one that was killed cannot be read for want of the event
// formats. The place of a feature is free, so we write those in front of the data, and the table anew behind all that
// is written.
#pragma once

#include <array>
#include <cstdint>

namespace dtp::record {

constexpr std::uint64_t perf_magic = 0x32454C4946524550;          // "PERFILE2"
constexpr std::uint64_t perf_magic_swapped = 0x50455246494C4532;  // written by the other byte order

struct FileSection {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct FileHeader {
  std::uint64_t magic = perf_magic;
  std::uint64_t size = sizeof(FileHeader);  // 16: the stream form of "perf record -o -"
  std::uint64_t attr_size = 0;              // of one attribute with its FileSection
  FileSection attrs = {};
  FileSection data = {};
  FileSection event_types = {};  // unused since 3.x
  std::array<std::uint64_t, 4> features = {};
};
static_assert(sizeof(FileHeader) == 104);

// Bit numbers of FileHeader::features.
enum class Feature : unsigned {
  tracing_data = 1,
  build_id = 2,
  hostname = 3,
  os_release = 4,
  version = 5,
  arch = 6,
  cpus = 7,
  command_line = 11,
  event_descriptions = 12,
  clock_id = 23,
  compressed = 27,
  clock_data = 29,
  // Ours; perf passes over what it does not know.
  jit = 253,         // see jit_code.h
  unfinished = 254,  // has no content: the recorder has not closed the file
  ledger = 255,      // see ledger.h
};

// Types of records that perf writes into the data and the kernel does not.
constexpr std::uint32_t record_build_id = 67;
constexpr std::uint32_t record_finished_round = 68;
constexpr std::uint32_t record_auxtrace = 71;  // is followed by data that its size leaves out
constexpr std::uint32_t record_compressed = 81;

}  // namespace dtp::record
