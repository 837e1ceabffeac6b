// Symbols by name and by address: of an ELF file or of the running kernel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "debug/elf_file.h"
#include "dtracepp/error.h"

namespace dtp::debug {

enum class Binding { local, global, weak };

struct Symbol {
  std::string_view name = {};  // owned by the table's source
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  Binding binding = Binding::local;
  bool is_function = false;
  bool is_code = false;      // a function, or written in assembly and without a type, but with a size
  bool is_indirect = false;  // an IFUNC: the address is that of its resolver
};

class Symbols {
 public:
  // .symtab, or .dynsym of a stripped file. The file must outlive the table.
  static Symbols of_elf(const ElfFile& file);
  // /proc/kallsyms or a text of its form; only `module`'s symbols when it is not empty. Where
  // addresses are hidden all are 0.
  static Result<Symbols> of_kallsyms(const std::string& path, const std::string& module);

  // What names are there already is left out.
  void add(const Symbols& others);

  std::vector<const Symbol*> find(std::string_view name) const;
  // The function that covers the address; of several names the most public one: not weak, global,
  // without leading underscores, the longest.
  const Symbol* find_function_at(std::uint64_t address) const;
  const std::vector<Symbol>& all() const { return symbols_; }

 private:
  void sort();

  std::string text_ = {};  // what the names of kallsyms point into
  std::vector<Symbol> symbols_ = {};
  std::vector<std::uint32_t> by_address_ = {};
  // A table of the names costs as much as many searches without it.
  struct NameTable {
    std::vector<std::uint32_t> first = {};  // by hash: the first symbol + 1; 0: none
    std::vector<std::uint32_t> next = {};   // by symbol, likewise
  };
  NameTable make_name_table() const;
  mutable int searches_ = 0;
  mutable NameTable by_name_ = {};
};

// Whether a text of kallsyms' form has a symbol, of the kernel or of a module; also true when it cannot be read.
bool kallsyms_has(const std::string& path, const std::string& name);

}  // namespace dtp::debug
