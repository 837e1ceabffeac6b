// What debug information knows of functions, variables and types: one door, several readers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "debug/cache.h"
#include "debug/discovery.h"
#include "debug/elf_file.h"
#include "debug/symbols.h"
#include "dtracepp/error.h"
#include "dtracepp/path.h"
#include "dtracepp/type.h"

namespace dtp::debug {

// What differs between languages in expressions and in how functions are called.
enum class Language { other, go, rust };

// One place where a function's code begins: out of line, or where it was inlined.
struct Instance {
  std::string function = {};  // as the source names it
  std::uint64_t address = 0;  // link-time address of the entry; BTF does not know it: 0
  std::uint64_t end = 0;      // one past the last byte of the entry's range; 0: not known
  bool is_inlined = false;
  bool is_external = true;  // not static
  std::string file = {};    // the declaring source file, as recorded; empty: not known
  std::uint64_t scope = 0;  // the reader's own key
  Language language = Language::other;
};

// One place where the code of a source line begins.
struct LineInstance {
  Instance instance = {};    // the function around it; its `address` is that of the line
  unsigned wanted_line = 0;  // from the start of the file
  unsigned line = 0;         // the one that the address belongs to: several lines may share it
};

// Lines of a file, or counted from the line where a function is declared.
struct LineQuery {
  std::string function = {};  // empty: `lines` count from the start of the file
  std::string file = {};      // matched by the tail of its path; empty: any
  std::vector<unsigned> lines = {};
  bool operator==(const LineQuery&) const = default;
};

// Functions by a shell glob.
struct FunctionQuery {
  std::string pattern = {};
  std::string file = {};  // matched by the tail of its path; empty: any
  std::size_t most = 0;   // instances; the search ends soon after it has found more
};

enum class Role { parameter, local, global };

struct Variable {
  std::string name = {};
  type::Id type = {};
  Role role = Role::local;
  std::uint64_t key = 0;  // the reader's own
};

struct Piece;

// Where a variable is at one address: base, dereferenced in turn, plus offset.
struct Location {
  enum class Kind {
    memory,   // the sum is the object's address
    value,    // the sum is the object's value
    pieces,   // split: `parts` in the order of the object's bytes
    pointee,  // a pointer that is nowhere; what it points at is `parts[0]`, and it points `offset` bytes into that
  };
  Kind kind = Kind::value;
  path::Base base = {};  // path::Symbol, Address, FileOffset: the address itself is meant, not its contents
  std::vector<path::Deref> derefs = {};
  std::int64_t offset = 0;
  std::shared_ptr<const std::vector<Piece>> parts = {};
};

enum class Reason {
  optimised_out,  // no location anywhere
  not_here,       // it lives, but not at this address
  float_register,
  in_pieces,        // split over registers and memory
  computed,         // an expression that no register or address gives
  thread_local_,    // its address differs from thread to thread
  no_frame,         // the frame base cannot be computed here
  unknown_calling,  // BTF: a parameter whose register the convention does not tell
};

struct Unavailable {
  Reason reason = Reason::optimised_out;
  std::string text = {};  // one clause: "it is optimised out there; it lives at vfs_read+35..+90"
  std::string hint = {};  // where it can be read: "probe vfs_read+35"
};

using Whereabouts = std::variant<Location, Unavailable>;

// A variable at the top of some unit.
struct Global {
  Variable variable = {};
  bool is_external = false;    // not static
  bool is_definition = false;  // not a declaration
  std::string file = {};       // the declaring source file, as recorded
};

// The body of a struct, union or class. Several of one name differ.
struct Definition {
  type::Id type = {};
  std::string file = {};
  int line = 0;
};

// A part of an object.
struct Piece {
  std::uint64_t bits = 0;        // 0: to the end
  std::uint64_t bit_offset = 0;  // where in the register or memory it begins
  Whereabouts at = {};
};

// One of the values that a function returns, and where it is when a return instruction is reached.
struct Returned {
  std::string name = {};  // empty: the source gives it none
  type::Id type = {};
  Whereabouts at = {};
};

// A debug file, opened. Types are loaded on demand through types().
class Info : public type::Loader {
 public:
  // All instances of the functions of this name. Empty: the file does not know it.
  virtual Result<std::vector<Instance>> find_functions(const std::string& name) = 0;

  // These functions will be asked for: a hint, for speed.
  virtual void expect_functions(std::span<const std::string> /*names*/) {}
  // The source file of a function that the program has no code of, not even an inlined copy; empty: it has, or no such
  // function is known.
  virtual std::string find_removed_function(const std::string& /*name*/) { return ""; }

  // The instances of all functions that match; those of one name stand together.
  virtual Result<std::vector<Instance>> find_matching(const FunctionQuery& query) = 0;

  // Source lines are known.
  virtual bool has_lines() const { return false; }

  // The places of source lines. Empty: they have no code.
  virtual Result<std::vector<LineInstance>> find_lines(const LineQuery&) { return std::vector<LineInstance>{}; }

  // The lines of these functions, those of one declaration together; and those of files by the tail of their path.
  virtual std::vector<SourceLines> source_of(const std::vector<Instance>& /*instances*/) { return {}; }
  virtual std::vector<SourceLines> source_of_file(const std::string& /*tail*/) { return {}; }

  // What the code at a link-time address is in the source.
  virtual std::optional<CodePlace> place_of(std::uint64_t /*address*/) { return std::nullopt; }

  // The out-of-line function whose code covers this link-time address.
  virtual Result<std::vector<Instance>> find_function_at(std::uint64_t address) = 0;

  // What can be named at this address: inner blocks first, then parameters, then file-level
  // variables of the unit. A shadowed name appears once, innermost.
  virtual std::vector<Variable> find_variables(const Instance& instance, std::uint64_t address) = 0;

  virtual Whereabouts locate(const Instance& instance, std::uint64_t address, const Variable& variable) = 0;

  // Where the variable has a value, ascending; neighbours are joined. Empty: nowhere, or not known.
  virtual std::vector<AddressRange> live_ranges(const Instance& /*instance*/, const Variable& /*variable*/) {
    return {};
  }

  // The first address behind the instance's prologue, where its frame stands; its entry where that is not known.
  virtual std::uint64_t body_address(const Instance& instance) { return instance.address; }

  // What the function returns; void, or not known: key 0.
  virtual type::Id find_result_type(const Instance& instance) = 0;
  // It is known to return void.
  virtual bool returns_void(const Instance& instance) = 0;

  // The values that a Go function returns, in order. Other languages return one, which the kernel knows.
  virtual std::vector<Returned> find_returned(const Instance& /*instance*/) { return {}; }

  // A type as C names it: "struct tcp_sock", "pid_t", "unsigned int". A definition rather than a declaration.
  virtual std::optional<type::Id> find_type(std::string_view /*c_name*/) { return std::nullopt; }

  // The definitions of a struct, union or class, "struct file", that differ from each other; not all units are asked.
  virtual std::vector<Definition> find_definitions(std::string_view c_name) {
    const auto found = find_type(c_name);
    return found ? std::vector{Definition{.type = *found}} : std::vector<Definition>{};
  }

  // The variables of this name of all units: one that is not static, or all static ones. What another unit declares
  // does as well unless `defined`.
  virtual std::vector<Global> find_globals(std::string_view /*name*/, bool /*defined*/) { return {}; }

  // The value of an enumerator of any enum: "TCP_ESTABLISHED".
  virtual std::optional<std::int64_t> find_enumerator(std::string_view /*name*/) { return std::nullopt; }

  // Every function's name, for suggestions and lists; unsorted, may repeat.
  virtual std::vector<std::string> function_names() = 0;

  // The functions of these names, those that are only inlined too; walks everything. Empty: none, or not known.
  virtual std::vector<FunctionSummary> list_functions(const NameFilter& /*is_wanted*/) { return {}; }

  // "DWARF of /usr/lib/debug/boot/vmlinux-6.1.0", "BTF of /sys/kernel/btf/vmlinux".
  virtual std::string source() const = 0;

  type::Table& types() { return types_; }

 protected:
  Info() = default;

 private:
  type::Table types_{*this};
};

// The BTF of a file: raw (/sys/kernel/btf/vmlinux) or an ELF file's .BTF section. `base` is the
// kernel's own BTF when the file is a module's; empty otherwise.
Result<std::unique_ptr<Info>> open_btf(const std::string& path, const std::string& base);

// An ELF file with its symbols.
struct Binary {
  ElfFile file;
  Symbols symbols;
  std::optional<ElfFile> mini = {};  // where some of the symbols' names lie
};
Result<std::shared_ptr<const Binary>> open_binary(const std::string& path);

// The DWARF of an ELF file; a module's is relocated.
// Compressed debug information is kept in the cache as it is without compression.
Result<std::unique_ptr<Info>> open_dwarf(std::shared_ptr<const Binary> binary, const Cache& cache = {});

}  // namespace dtp::debug
