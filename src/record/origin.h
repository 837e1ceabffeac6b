// What a file says of where it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dtp::record {

// Raw text, untrusted when it comes from a file.
struct Origin {
  std::string hostname = {};
  std::string release = {};
  std::string arch = {};
  std::uint32_t cpus_available = 0;
  std::uint32_t cpus_online = 0;
  std::vector<std::string> command_line = {};  // of the recorder
  std::string version = {};                    // of the recorder; this_machine() does not know it
};

// Features of a file (perf_data_format.h). What is cut off, or lies about its length, is left out.
std::string parse_text_feature(std::span<const std::byte> section);
std::vector<std::string> parse_texts_feature(std::span<const std::byte> section);

}  // namespace dtp::record
