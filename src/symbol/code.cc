#include "symbol/code.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "debug/demangle.h"
#include "debug/find.h"
#include "debug/mini_symbols.h"
#include "record/running_code.h"
#include "symbol/module_file.h"

namespace dtp::symbol {
namespace {

// The section headers stand at the end of what the kernel maps.
std::size_t size_of_image(const std::byte* image) {
  Elf64_Ehdr header = {};
  std::memcpy(&header, image, sizeof header);
  return header.e_shoff + std::size_t{header.e_shnum} * header.e_shentsize;
}

// "[xfs]" or "/lib/modules/.../xfs.ko.xz" -> "xfs"; of the kernel itself nothing.
std::string kernel_module_name(const std::string& path) {
  if (path == record::kernel_name) return "";
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.starts_with('[') && name.ends_with(']')) return name.substr(1, name.size() - 2);
  name = name.substr(0, name.find(".ko"));
  std::ranges::replace(name, '-', '_');
  return name;
}

// 0: it is not there, or hidden.
std::uint64_t address_of_text(const debug::Symbols& symbols) {
  const auto text = symbols.find("_text");
  return text.empty() ? 0 : text.front()->address;
}

std::uint64_t address_of_module(const std::string& name) {
  const auto modules = record::kernel_modules();
  const auto path = [](const record::NewMapping& mapping) -> const std::string& { return mapping.module.path; };
  const auto found = std::ranges::find(modules, "[" + name + "]", path);
  return found == modules.end() ? 0 : found->start;
}

std::unique_ptr<debug::InlineFrames> open_inlines(const debug::ElfFile& file) {
  return debug::has_dwarf(file) ? debug::InlineFrames::open(file.path()) : nullptr;
}

}  // namespace

std::unique_ptr<Code> Code::open(const record::Module& module, const Options& options) {
  auto code = std::make_unique<Code>();
  if (module.is_kernel) {
    code->open_kernel(module, options);
  } else if (module.path == "[vdso]") {
    code->open_vdso(module);
  } else {
    code->open_file(module, options);
  }
  return code;
}

void Code::open_kernel(const record::Module& module, const Options& options) {
  if (options.vmlinux.empty() && is_same_build(module.kernel_id, debug::kernel_build_id()))
    return open_running_kernel(module);
  if (module.path != record::kernel_name) return;
  const std::string path = options.vmlinux.empty() ? debug::find_by_build_id(module.kernel_id).found : options.vmlinux;
  auto vmlinux = path.empty() ? Result<debug::ElfFile>(fail({})) : debug::ElfFile::open(path);
  if (!vmlinux) return;
  debug_file_ = std::move(*vmlinux);
  symbols_ = debug::Symbols::of_elf(*debug_file_);
  const std::uint64_t text = address_of_text(*symbols_);
  if (module.code_start != 0 && text != 0) shift_ = text - module.code_start;
  if (options.with_inlines) inlines_ = open_inlines(*debug_file_);
}

// It may have been started again since, and lie elsewhere.
void Code::open_running_kernel(const record::Module& module) {
  const std::string name = kernel_module_name(module.path);
  auto table = debug::Symbols::of_kallsyms("/proc/kallsyms", name);
  if (!table) return;
  symbols_ = std::move(*table);
  const std::uint64_t now = name.empty() ? address_of_text(*symbols_) : address_of_module(name);
  if (module.code_start != 0 && now != 0) shift_ = now - module.code_start;
}

void Code::open_file(const record::Module& module, const Options& options) {
  file_ = open_file_of(module);
  if (!file_) return open_debug_file(module, options);
  const debug::Search search = debug::find_debug_file(*file_);
  if (!search.found.empty() && search.found != file_->path()) {
    if (auto found = debug::ElfFile::open(search.found)) debug_file_ = std::move(*found);
  } else if (search.found.empty()) {
    debug_file_ = debug::mini_symbols(*file_);
  }
  symbols_ = debug::Symbols::of_elf(debug_file_ ? *debug_file_ : *file_);
  if (debug_file_) symbols_->add(debug::Symbols::of_elf(*file_));
  if (options.with_inlines && !search.found.empty()) inlines_ = open_inlines(debug_file_ ? *debug_file_ : *file_);
}

// A debug file has the program's segments, but not their offsets.
void Code::open_debug_file(const record::Module& module, const Options& options) {
  const std::string path = debug::find_by_build_id(module.build_id).found;
  auto found = path.empty() ? Result<debug::ElfFile>(fail({})) : debug::ElfFile::open(path);
  const auto code = found ? found->code_address() : std::nullopt;
  if (!code) return;
  debug_file_ = std::move(*found);
  symbols_ = debug::Symbols::of_elf(*debug_file_);
  shift_ = *code - module.code_start;
  if (options.with_inlines) inlines_ = open_inlines(*debug_file_);
}

// It is the same in all processes of a kernel, ours included.
void Code::open_vdso(const record::Module& module) {
  const auto* image = reinterpret_cast<const std::byte*>(::getauxval(AT_SYSINFO_EHDR));
  if (image == nullptr) return;
  const std::size_t size = size_of_image(image);
  void* copy = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return;
  std::memcpy(copy, image, size);
  if (auto file = debug::ElfFile::of_image("[vdso]", base::Mapping(copy, size), size);
      file && is_same_build(module.build_id, file->build_id())) {
    file_ = std::move(*file);
    symbols_ = debug::Symbols::of_elf(*file_);
  }
}

std::optional<std::uint64_t> Code::address_of(std::uint64_t offset) const {
  return file_ ? file_->address_of(offset) : std::optional(offset + shift_);
}

std::vector<Name> Code::names(std::uint64_t offset) const {
  std::vector<Name> names;
  const auto address = symbols_ ? address_of(offset) : std::nullopt;
  if (!address) return {Name{}};
  const debug::Symbol* symbol = symbols_->find_function_at(*address);
  if (inlines_) {
    for (debug::SourceFrame& frame : inlines_->at(*address))
      names.push_back({std::move(frame.function), 0, std::move(frame.file), frame.line, true});
  }
  if (names.empty()) names.emplace_back();
  Name& outermost = names.back();
  outermost.is_inlined = false;
  if (symbol != nullptr) {
    // Debug information of what no other file sees has no more than the last part of the name.
    const std::string_view plain = symbol->name.substr(0, symbol->name.find('@', 1));  // without a version
    std::string full = debug::demangle(plain);
    const bool says_more = full != plain && outermost.function.find('(') == std::string::npos;
    if (outermost.function.empty() || says_more) outermost.function = std::move(full);
    outermost.offset = *address - symbol->address;
  }
  return names;
}

}  // namespace dtp::symbol
