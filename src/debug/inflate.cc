// Debug sections are compressed in two ways: by a header in the section and SHF_COMPRESSED (the System V ABI's chapter
// on sections; zlib or zstd), or, older, by a name that begins with ".zdebug" and "ZLIB" and the size in big-endian
// bytes at the start of the section.
//
// libdw inflates too, but with zlib, which takes three times as long as libdeflate, without zstd, and each time anew.
// So an image is made that has no compressed sections and is kept in the cache: libjvm's 156 MB become 364 MB in half a
// second, and are mapped in a few milliseconds from then on. Code and data stay away: nobody asks a debug file for
// them.
#include "debug/inflate.h"

#include <elf.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/cursor.h"
#include "debug/cache_key.h"

namespace dtp::debug {
namespace {

using Bytes = std::span<const std::byte>;

// Each byte of zlib's gives at most this many.
constexpr std::uint64_t most_of_zlib = 1040;
// zstd has no such limit. More than this is no debug information.
constexpr std::uint64_t largest_section = std::uint64_t{16} << 30;
constexpr std::size_t alignment = 16;
constexpr std::string_view old_prefix = ".zdebug";
constexpr std::size_t threads = 2;

enum class Coding { none, plain, zlib, zstd };  // none: no bytes

struct Piece {
  Elf64_Shdr header = {};  // as in the image
  Coding coding = Coding::none;
  Bytes from = {};
  bool is_old = false;
};

struct Layout {
  Elf64_Ehdr header = {};
  std::vector<Piece> pieces = {};
  std::uint64_t size = 0;
};

std::string_view section_name(Bytes file, const Elf64_Shdr& names, const Elf64_Shdr& section) {
  if (section.sh_name >= names.sh_size) return "";
  return base::Cursor(file.subspan(names.sh_offset, names.sh_size), section.sh_name).read_c_string();
}

Elf64_Shdr header_at(Bytes file, const Elf64_Ehdr& header, std::size_t index) {
  return base::Cursor(file, header.e_shoff + index * sizeof(Elf64_Shdr)).read<Elf64_Shdr>();
}

// What only variables, macros and searches by name need.
bool is_beside_frames(std::string_view name) {
  constexpr std::array parts = {"debug_loc",      "debug_macro",   "debug_macinfo", "debug_pubnames",
                                "debug_pubtypes", "debug_gnu_pub", "debug_names",   "gdb_index"};
  return std::ranges::any_of(parts, [name](std::string_view part) { return name.contains(part); });
}

bool is_kept(const Elf64_Shdr& section, std::string_view name, bool only_frames) {
  if (only_frames && is_beside_frames(name)) return false;
  return (section.sh_flags & SHF_ALLOC) == 0 || section.sh_type == SHT_NOTE || name.starts_with(".eh_frame");
}

bool set_compressed(Piece& piece) {
  base::Cursor cursor(piece.from);
  if (piece.is_old) {
    const std::string_view magic(reinterpret_cast<const char*>(piece.from.data()),
                                 std::min<std::size_t>(4, piece.from.size()));
    cursor.skip(4);
    piece.header.sh_size = std::byteswap(cursor.read<std::uint64_t>());
    piece.coding = Coding::zlib;
    if (magic != "ZLIB") return false;
  } else {
    const auto header = cursor.read<Elf64_Chdr>();
    piece.header.sh_size = header.ch_size;
    piece.header.sh_addralign = header.ch_addralign;
    piece.header.sh_flags &= ~static_cast<std::uint64_t>(SHF_COMPRESSED);
    constexpr unsigned zstd = 2;  // ELFCOMPRESS_ZSTD, which glibc 2.36 does not know
    if (header.ch_type != ELFCOMPRESS_ZLIB && header.ch_type != zstd) return false;
    piece.coding = header.ch_type == ELFCOMPRESS_ZLIB ? Coding::zlib : Coding::zstd;
  }
  piece.from = cursor.take(cursor.left());
  const std::uint64_t size = piece.header.sh_size;
  return !cursor.failed() && size <= largest_section &&
         (piece.coding == Coding::zstd || size <= piece.from.size() * most_of_zlib);
}

// None: a compressed section's header cannot be right.
std::optional<Layout> lay_out(Bytes file, bool only_frames) {
  Layout layout;
  layout.header = base::Cursor(file).read<Elf64_Ehdr>();
  const Elf64_Ehdr header = layout.header;
  const Elf64_Shdr names =
      header.e_shstrndx < header.e_shnum ? header_at(file, header, header.e_shstrndx) : Elf64_Shdr{};
  std::uint64_t at = sizeof(Elf64_Ehdr);
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    Piece piece{.header = header_at(file, header, i)};
    const std::string_view name = section_name(file, names, piece.header);
    const bool has_bytes = piece.header.sh_type != SHT_NULL && piece.header.sh_type != SHT_NOBITS;
    if (has_bytes && is_kept(piece.header, name, only_frames)) {
      piece.from = file.subspan(piece.header.sh_offset, piece.header.sh_size);
      piece.coding = Coding::plain;
      piece.is_old = name.starts_with(old_prefix);
      const bool is_compressed = (piece.header.sh_flags & SHF_COMPRESSED) != 0 || piece.is_old;
      if (is_compressed && !set_compressed(piece)) return std::nullopt;
    } else if (has_bytes) {
      piece.header.sh_type = SHT_NOBITS;
    }
    at = (at + alignment - 1) / alignment * alignment;
    piece.header.sh_offset = at;
    if (piece.coding != Coding::none) at += piece.header.sh_size;
    layout.pieces.push_back(piece);
  }
  at = (at + alignment - 1) / alignment * alignment;
  // Segments would say that code and data are in the image.
  layout.header.e_phoff = 0;
  layout.header.e_phnum = 0;
  layout.header.e_shoff = at;
  layout.size = at + layout.pieces.size() * sizeof(Elf64_Shdr);
  return layout;
}

bool write_piece(const Piece& piece, std::span<std::byte> image, libdeflate_decompressor* zlib) {
  if (piece.coding == Coding::none) return true;
  const std::span<std::byte> to = image.subspan(piece.header.sh_offset, piece.header.sh_size);
  switch (piece.coding) {
    case Coding::none: return true;
    case Coding::plain: std::ranges::copy(piece.from, to.begin()); return true;
    case Coding::zlib:
      // Without a place for the size it must be exactly that of `to`.
      return libdeflate_zlib_decompress(zlib, piece.from.data(), piece.from.size(), to.data(), to.size(), nullptr) ==
             LIBDEFLATE_SUCCESS;
    case Coding::zstd: return ZSTD_decompress(to.data(), to.size(), piece.from.data(), piece.from.size()) == to.size();
  }
  return false;
}

// ".zdebug_info" becomes ".debug_info", in its place.
void rename_old(const Layout& layout, std::span<std::byte> image) {
  if (layout.header.e_shstrndx >= layout.pieces.size()) return;
  const Elf64_Shdr& names = layout.pieces[layout.header.e_shstrndx].header;
  for (const Piece& piece : layout.pieces) {
    if (!piece.is_old) continue;
    char* name = reinterpret_cast<char*>(image.data() + names.sh_offset + piece.header.sh_name);
    if (std::string_view(name).starts_with(old_prefix)) std::memmove(name + 1, name + 2, std::strlen(name + 1));
  }
}

// The largest sections first, each by whoever is free.
bool write_image(const Layout& layout, std::span<std::byte> image) {
  std::vector<const Piece*> order;
  for (const Piece& piece : layout.pieces) order.push_back(&piece);
  std::ranges::sort(order, std::greater{}, [](const Piece* piece) { return piece->from.size(); });
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> is_good = true;
  const auto work = [&] {
    const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> zlib(
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    for (std::size_t i = next++; i < order.size() && is_good; i = next++)
      if (!zlib || !write_piece(*order[i], image, zlib.get())) is_good = false;
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
  }
  if (!is_good) return false;
  std::memcpy(image.data(), &layout.header, sizeof layout.header);
  for (std::size_t i = 0; i < layout.pieces.size(); ++i)
    std::memcpy(image.data() + layout.header.e_shoff + i * sizeof(Elf64_Shdr), &layout.pieces[i].header,
                sizeof(Elf64_Shdr));
  rename_old(layout, image);
  return true;
}

}  // namespace

bool has_compressed_sections(const ElfFile& file) {
  const Bytes bytes = file.bytes();
  const auto header = base::Cursor(bytes).read<Elf64_Ehdr>();
  if (header.e_shoff == 0) return false;
  for (std::size_t i = 0; i < header.e_shnum; ++i)
    if ((header_at(bytes, header, i).sh_flags & SHF_COMPRESSED) != 0) return true;
  return file.has_section(".zdebug_info");
}

namespace {

Result<ElfFile> inflate(const ElfFile& file, const Cache& cache, bool only_frames) {
  const Error damaged{.what = "the compressed debug information of '" + file.path() + "' cannot be read",
                      .hint = "copy or install the file again",
                      .status = Status::wrong_request};
  const auto layout = lay_out(file.bytes(), only_frames);
  if (!layout) return fail(damaged);
  auto image = cache.find_or_make(cache_key(file, "elf"), layout->size,
                                  [&](std::span<std::byte> contents) { return write_image(*layout, contents); });
  if (!image) return fail(damaged);
  return ElfFile::of_image(file.path(), std::move(*image), layout->size);
}

}  // namespace

Result<ElfFile> inflate(const ElfFile& file, const Cache& cache) { return inflate(file, cache, false); }

Result<ElfFile> inflate_for_frames(const ElfFile& file, const Cache& cache) {
  if (auto kept = cache.find(cache_key(file, "elf")))
    return ElfFile::of_image(file.path(), std::move(kept->mapping), kept->size);
  return inflate(file, Cache(), true);
}

}  // namespace dtp::debug
