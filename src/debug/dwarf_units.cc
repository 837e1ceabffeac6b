// A DIE names itself by an offset into .debug_str (DW_FORM_strp), or, when the name is shorter than
// such an offset, by the bytes themselves (DW_FORM_string). Linkers merge equal strings, and many
// merge a string into the tail of a longer one. So a name has one offset if it stands alone in
// .debug_str, else it may be any tail that equals it. The four bytes of the offset are searched in
// all of .debug_info: 160 MB of a kernel in some 20 ms, where walking the DIEs takes 700. A chance hit
// costs one unit's walk, no more.
//
// DWARF 5, 7.5.1 (unit headers), 7.5.5 (forms), 6.1.2 (.debug_aranges).
#include "debug/dwarf_units.h"

#include <dwarf.h>
#include <emmintrin.h>

#include <algorithm>
#include <cstring>

#include "base/cursor.h"
#include "base/pattern.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

// Shorter names stand in .debug_info themselves.
constexpr std::size_t shortest_offset = 4;

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// All places of a 32-bit number, at any alignment.
void find_number(Bytes bytes, std::uint32_t number, std::vector<std::uint64_t>& hits) {
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(number));
  const std::byte* data = bytes.data();
  std::size_t at = 0;
  const auto check = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      std::uint32_t value = 0;
      std::memcpy(&value, data + i, sizeof value);
      if (value == number) hits.push_back(i);
    }
  };
  for (; at + 32 <= bytes.size(); at += 16) {
    const auto compare = [&](std::size_t shift) {
      return _mm_cmpeq_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data + at + shift)), wanted);
    };
    const __m128i any = _mm_or_si128(_mm_or_si128(compare(0), compare(1)), _mm_or_si128(compare(2), compare(3)));
    if (_mm_movemask_epi8(any) != 0) check(at, at + 16);
  }
  if (bytes.size() >= 4) check(std::min(at, bytes.size() - 4), bytes.size() - 3);
}

// All 32-bit numbers below the limit, at any alignment.
template <class Visit>
void each_number_below(Bytes bytes, std::size_t limit, Visit visit) {
  for (std::size_t at = 0; at + sizeof(std::uint32_t) <= bytes.size(); ++at) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    if (number < limit) visit(at, number);
  }
}

std::vector<std::uint64_t> find_text(Bytes bytes, std::string_view needle) {
  std::vector<std::uint64_t> places;
  if (bytes.empty()) return places;
  const std::string_view text = as_text(bytes);
  const char* end = text.data() + text.size();
  for (const char* at = text.data();
       (at = static_cast<const char*>(::memmem(at, end - at, needle.data(), needle.size()))) != nullptr; ++at)
    places.push_back(static_cast<std::uint64_t>(at - text.data()));
  return places;
}

bool matches_at(Bytes text, std::uint64_t at, const std::string& pattern) {
  const std::string_view rest = as_text(text).substr(at);
  return base::matches_pattern(pattern, std::string(rest.substr(0, rest.find('\0'))));
}

// By offset into .debug_str: is what stands there, up to its end, a name that matches? `head` is what the pattern
// begins with.
std::vector<bool> matching_offsets(Bytes strings, std::string_view head, const std::string& pattern) {
  std::vector<bool> wanted(strings.size());
  for (const std::uint64_t hit : find_text(strings, head)) wanted[hit] = matches_at(strings, hit, pattern);
  return wanted;
}

}  // namespace

std::vector<std::uint32_t> string_offsets(Bytes strings, std::string_view name) {
  std::vector<std::uint32_t> tails;
  for (const std::uint64_t at : find_text(strings, std::string(name) + '\0')) {
    if (at == 0 || strings[at - 1] == std::byte{0}) return {static_cast<std::uint32_t>(at)};
    tails.push_back(static_cast<std::uint32_t>(at));
  }
  return tails;
}

std::vector<std::uint64_t> places_of(Bytes info, std::span<const std::uint32_t> numbers) {
  std::vector<std::uint64_t> places;
  for (const std::uint32_t number : numbers) find_number(info, number, places);
  return places;
}

std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> places_by_number(Bytes info,
                                                                               std::span<const std::uint32_t> numbers) {
  std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> places;
  std::vector<bool> wanted(numbers.empty() ? 0 : std::ranges::max(numbers) + std::size_t{1});
  for (const std::uint32_t number : numbers) {
    wanted[number] = true;
    places[number];
  }
  each_number_below(info, wanted.size(), [&](std::size_t at, std::uint32_t number) {
    if (wanted[number]) places[number].push_back(at);
  });
  return places;
}

std::vector<std::uint64_t> places_of_text(Bytes info, std::string_view name) {
  return find_text(info, std::string(name) + '\0');
}

std::optional<std::vector<std::uint64_t>> places_of_matching(Bytes info, Bytes strings, const std::string& pattern) {
  const std::string_view head = base::fixed_head(pattern);
  if (head.size() < shortest_offset) return std::nullopt;
  const std::vector<bool> wanted = matching_offsets(strings, head, pattern);
  std::vector<std::uint64_t> places = find_text(info, head);  // Go has its names here
  std::erase_if(places, [&](std::uint64_t at) { return !matches_at(info, at, pattern); });
  each_number_below(info, wanted.size(), [&](std::size_t at, std::uint32_t offset) {
    if (wanted[offset]) places.push_back(at);
  });
  return places;
}

std::vector<std::uint64_t> unit_offsets(Bytes info) {
  std::vector<std::uint64_t> offsets;
  for (base::Cursor cursor(info); cursor.left() > 0;) {
    offsets.push_back(cursor.offset());
    std::uint64_t length = cursor.read<std::uint32_t>();
    if (length == 0xffffffff) length = cursor.read<std::uint64_t>();
    cursor.skip(length);
    if (cursor.failed()) break;
  }
  return offsets;
}

std::vector<std::uint64_t> units_around(std::span<const std::uint64_t> offsets, std::vector<std::uint64_t> places) {
  std::vector<std::uint64_t> units;
  if (places.empty()) return units;
  std::ranges::sort(places);
  for (const std::uint64_t place : places) {
    const auto after = std::ranges::upper_bound(offsets, place);
    if (after == offsets.begin()) continue;
    if (const std::uint64_t unit = after[-1]; units.empty() || units.back() != unit) units.push_back(unit);
  }
  return units;
}

bool has_skeletons(const ElfFile& file) {
  // Both kinds of split DWARF, that of DWARF 5 and gcc's before it, keep addresses apart; clang also does so without
  // splitting.
  if (!file.has_section(".debug_addr")) return false;
  const Bytes info = file.section(".debug_info");
  for (const std::uint64_t unit : unit_offsets(info)) {
    base::Cursor cursor(info, unit);
    if (cursor.read<std::uint32_t>() == 0xffffffff) cursor.skip(sizeof(std::uint64_t));
    const auto version = cursor.read<std::uint16_t>();
    if (version < 5 || cursor.read<std::uint8_t>() == DW_UT_skeleton) return true;
  }
  return false;
}

std::optional<std::uint64_t> unit_at(const ElfFile& file, std::uint64_t address) {
  base::Cursor cursor(file.section(".debug_aranges"));
  while (cursor.left() > 0) {
    const std::size_t start = cursor.offset();
    const auto length = cursor.read<std::uint32_t>();
    const std::size_t end = cursor.offset() + length;
    cursor.skip(sizeof(std::uint16_t));  // version
    const auto unit = cursor.read<std::uint32_t>();
    const auto address_size = cursor.read<std::uint8_t>();
    const auto segment_size = cursor.read<std::uint8_t>();
    // 64-bit DWARF and segments do not occur on x86_64; the caller searches without the table then.
    if (cursor.failed() || length >= 0xfffffff0 || address_size != 8 || segment_size != 0) return std::nullopt;
    while ((cursor.offset() - start) % 16 != 0) cursor.skip(1);
    while (!cursor.failed() && cursor.offset() + 16 <= end) {
      const auto begin = cursor.read<std::uint64_t>();
      const auto size = cursor.read<std::uint64_t>();
      if (address >= begin && address - begin < size) return unit;
    }
    if (cursor.failed() || cursor.offset() > end) return std::nullopt;
    cursor.skip(end - cursor.offset());
  }
  return std::nullopt;
}

}  // namespace dtp::debug
