// The .dwo file that a unit of a package was made from, put together again. Inner header of this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace dtp::debug {

class SplitFile {
 public:
  using Bytes = std::span<const std::byte>;

  // The version of DWARF, and the strings of all units of the package.
  SplitFile(std::uint32_t version, Bytes all_text) : version_(version), all_text_(all_text) {}

  // A section that only the unit uses.
  void add_section(std::string_view name, Bytes contents) { sections_.emplace_back(name, contents); }
  // The unit comes first. False: it is damaged.
  bool add_unit(Bytes unit, Bytes abbreviations, Bytes string_offsets);
  // The unit of a type that it refers to; perhaps of another .dwo file, with abbreviations and strings of its own.
  bool add_type(Bytes unit, Bytes abbreviations, Bytes string_offsets);

  // The ELF file.
  std::vector<std::byte> finish() const;

 private:
  std::uint32_t place_of_abbreviations(Bytes abbreviations);
  std::optional<std::uint32_t> place_of_strings(Bytes offsets);

  std::uint32_t version_ = 0;
  Bytes all_text_;
  std::vector<std::pair<std::string_view, Bytes>> sections_ = {};
  std::vector<std::byte> units_ = {}, types_ = {}, abbreviations_ = {}, string_offsets_ = {}, text_ = {};
  std::map<const std::byte*, std::uint32_t> places_ = {};  // of what has been added, by where it was
};

}  // namespace dtp::debug
