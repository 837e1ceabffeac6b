// An expression walked step by step at one spot. Inner header of this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dtracepp/error.h"
#include "dtracepp/path.h"
#include "expr/ast.h"
#include "lower/library_class.h"
#include "lower/sequence.h"
#include "lower/target.h"
#include "lower/tracepoint.h"

namespace dtp::lower {

// A value on the way: base, dereferenced in turn, plus offset. In memory, that sum is the object's
// address; else it is the object itself.
struct Place {
  path::Base base = {};
  std::vector<path::Deref> derefs = {};
  std::int64_t offset = 0;
  bool in_memory = false;
  bool base_is_address = false;              // Symbol, Address, FileOffset not yet read from: not a value by itself
  bool user = false;                         // further dereferences are of user memory
  std::optional<type::Id> type = {};         // none: a raw fetch-arg
  std::uint32_t bit_offset = 0;              // of a bitfield, or of a member of a struct in a register
  std::uint32_t bit_size = 0;                // 0: not a bitfield
  std::uint64_t count = 0;                   // of a slice: so many elements of the type
  std::shared_ptr<const Place> length = {};  // of elements of a sequence, from the first one on: how many it has
  std::shared_ptr<const std::vector<debug::Piece>> parts = {};  // of an object that is split, or that is pointed to
  bool is_pointee = false;
  std::string name = {};  // what the field is called by default; empty: raw
  bool is_plain_variable = false;
  const TracepointField* event_field = nullptr;  // it is one, and nothing was done to it yet
  bool is_usdt = false;                          // an argument of a static probe, and nothing was done to it yet
  std::optional<path::Read> default_read = {};   // of what has no type: what its note says; a negative constant
};

// A member takes the place of the whole struct.
void enter(Place& place, const type::FoundMember& member);
// How a field of a tracepoint is read where nothing else is asked for.
void read_event_field(Place& place, path::Field& field);
// The parameter that is passed in this register; none: it is not one of them.
std::optional<path::Argument> argument_in(const path::Base& base, const arch::Arch& arch);
// "const char *"
bool is_text_pointer(const TracepointField& field);

class Walker {
 public:
  Walker(const expr::ProbeArgument& argument, std::size_t number, const Spot& spot, const Target& target)
      : argument_(argument), number_(number), spot_(spot), target_(target) {}

  Result<Place> walk(expr::NodeId node);
  Result<Place> variable(const std::string& name, Span span);
  Result<Place> parameter_at_return(const std::string& name, Span span);
  Result<Place> located_at_return(const debug::Variable& variable, Span span);
  Result<Place> event_field(const std::string& name, Span span);
  // The same for a variable that is known already.
  Result<Place> located(const debug::Variable& variable, Span span);
  // Of an object that is split, the piece is taken that holds the part that is meant.
  Result<void> settle(Place& place, Span span) const;
  // The pointer to the first element of a sequence.
  Result<Place> first_element(Place place, const Sequence& sequence, Span span);
  Result<Place> follow_pointer(Place place, Span span);
  // Of variants, the number that tells which one is there. False: the place holds none.
  bool enter_discriminant(Place& place, Span span);
  Result<Place> through_reference(Place place, Span span);
  // The memory at a place is read: afterwards it is a value.
  Result<void> load(Place& place, Span span) const;

  // A class of the C++ library gives way to the member that it stands for; false: it stands for nothing.
  bool stand_in(Place& place, Stands what, Span span);
  // The same of a std::string or a reference to one, and if `by_pointer` of a pointer to one.
  Result<void> take_text(Place& place, bool by_pointer, Span span);

  // Of a tracepoint's field the type is looked up only when something is asked of it.
  Result<void> know_type(Place& place, Span span) const;

  std::vector<path::Step> take_steps() { return std::move(steps_); }
  std::vector<Error> take_warnings() { return std::move(warnings_); }
  void note(Span span, const Place& place, std::string note);
  bool is_in_go_or_rust() const { return spot_.has_instance && spot_.instance.language != debug::Language::other; }
  void note(std::string text, const Place& place, std::string note);
  void warn(Error warning) { warnings_.push_back(std::move(warning)); }
  Error error(std::string what, Span span, std::string hint = {}) const;
  Error incomplete(type::Id type, Span span, std::string hint = {}) const;
  std::string type_name(const Place& place) const;

 private:
  Result<Place> name(const expr::Name& node, const expr::Node& whole);
  Result<Place> member(const expr::Member& node, const expr::Node& whole);
  Result<Place> index(const expr::Index& node, const expr::Node& whole);
  Result<Place> cast(const expr::Cast& node, const expr::Node& whole);
  std::int64_t distance_of_cast(const Place& place, type::Id wanted) const;
  Result<void> check_cast(const Place& place, type::Id wanted, const expr::Node& whole, Span so_far) const;
  Result<Place> address_of(const expr::AddressOf& node, const expr::Node& whole);
  Result<Place> size_of(type::Id type, Span span, const expr::Node& whole);
  Result<Place> size_of_type(const expr::SizeOfType& node, const expr::Node& whole);
  Result<Place> size_of_value(const expr::SizeOfValue& node, const expr::Node& whole);
  Result<Place> container_of(const expr::ContainerOf& node, const expr::Node& whole);
  Result<std::uint64_t> member_offset(type::Id container, const expr::ContainerOf& node);
  Place constant(std::int64_t value, std::string name, Span span, std::string note_text);
  Result<Place> deref(const expr::Deref& node, const expr::Node& whole);
  Result<Place> raw(const expr::Node& whole);
  Result<void> check_symbol(const std::string& symbol, Span span) const;
  Result<Place> return_value(const expr::Node& whole);
  Result<Place> go_return_value(const expr::Node& whole);
  Result<Place> returned(const debug::Returned& value, std::string name, Span span);
  // Of several values that a Go function returns, the one that $retval.NAME or $retval[N] means; else none.
  Result<std::optional<Place>> one_of_returned(const expr::Node& whole);
  Result<Place> follow_reference(Place place, Span span);
  Result<Place> step_into(Place place, const std::string& name, Span span, Span tail);
  std::optional<debug::Variable> static_member(type::Id owner, const std::string& name, int depth) const;
  Result<Place> step_along(Place place, const std::vector<std::string>& names, Span span);
  // None: the spot is in no method, or its object has no such member.
  std::optional<Result<Place>> own_member(const std::string& name, Span span);
  Result<void> check_single(const Place& place, Span span) const;
  Result<Place> global(const std::string& name, const std::string& file, Span span);
  Result<Place> one_of(const std::vector<debug::Global>& globals, const std::string& name, Span span);
  Result<void> put(Place& place, const debug::Location& location, Span span) const;
  Result<void> put_in_process(Place& place, Span span) const;
  Result<void> put_in_kernel(Place& place, Span span) const;
  Result<void> put_piece(Place& place, const debug::Piece& piece, std::uint32_t bit, std::uint64_t bits,
                         Span span) const;
  static void take_constant(Place& place, std::uint64_t bits);
  Result<Place> pointee(Place place, type::Id target, Span span) const;
  static std::string files_of(const std::vector<debug::Global>& globals);
  // A pointer that cannot be had can be followed.
  std::string through_it(const Place& place) const;
  Result<Place> decay(Place place, Span span);
  Result<type::Id> resolve(const expr::TypeName& name) const;
  // The definition of a struct that is only declared where it is used; the same type where there is none.
  type::Id complete(type::Id id, Span span);
  bool is_variable(const std::string& name) const;
  // The number of the static probe's argument that this node is; none: it is none, or the spot is no static probe.
  std::optional<std::size_t> usdt_number(const expr::Node& whole) const;
  Result<Place> usdt_argument(std::size_t number, Span span);
  // What a fetch-arg calls the memory at a link-time address of the program.
  path::FileOffset static_memory(std::uint64_t address) const;
  std::string text_of(Span span) const;
  std::string spot_name() const;
  Error no_info(const std::string& name, Span span) const;
  Error unknown_function(const std::string& name, Span span) const;
  Error no_type(const expr::TypeName& type) const;
  Error unavailable(const debug::Variable& variable, const debug::Unavailable& missing, Span span) const;
  Error no_variable(const std::string& name, Span span, const std::vector<debug::Variable>& known) const;
  Error no_scoped_name(const std::string& name, Span span) const;
  Error no_member(const std::string& name, type::Id type, Span span) const;

  const expr::ProbeArgument& argument_;
  std::size_t number_;
  const Spot& spot_;
  const Target& target_;
  std::vector<path::Step> steps_ = {};
  std::vector<Error> warnings_ = {};
};

}  // namespace dtp::lower
