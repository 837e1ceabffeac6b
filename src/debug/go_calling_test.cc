#include "debug/go_calling.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "support/fake_info.h"

namespace dtp::debug {
namespace {

std::string show(const Whereabouts& place) {
  if (const auto* nowhere = std::get_if<Unavailable>(&place)) return nowhere->text;
  const auto& location = std::get<Location>(place);
  if (location.kind == Location::Kind::pieces) {
    std::string all;
    std::uint64_t offset = 0;
    for (const Piece& piece : *location.parts) {
      all += fmt::format("{}{}:{}", all.empty() ? "" : " ", offset, show(piece.at));
      offset += piece.bits / 8;
    }
    return all;
  }
  const auto name = arch::fetch_name(arch::x86_64(), std::get<path::Register>(location.base).number).value_or("?");
  return location.kind == Location::Kind::value ? fmt::format("%{}", name)
                                                : fmt::format("{}(%{})", location.offset, name);
}

struct Types {
  FakeInfo info = {};
  type::Id integer = info.add({.kind = type::Kind::integer, .name = "int", .size = 8, .is_signed = true});
  type::Id byte = info.add({.kind = type::Kind::integer, .name = "uint8", .size = 1});
  type::Id real = info.add({.kind = type::Kind::floating, .name = "float64", .size = 8});
  type::Id complex = info.add({.kind = type::Kind::floating, .name = "complex128", .size = 16});
  type::Id pointer = info.add_pointer(byte);
  type::Id text = info.add({.kind = type::Kind::structure,
                            .name = "string",
                            .size = 16,
                            .members = {{"str", pointer}, {"len", integer, 64}}});
  type::Id slice = info.add({.kind = type::Kind::structure,
                             .name = "[]int",
                             .size = 24,
                             .members = {{"array", pointer}, {"len", integer, 64}, {"cap", integer, 128}}});
  type::Id one = info.add({.kind = type::Kind::array, .target = text, .count = 1});
  type::Id three = info.add({.kind = type::Kind::array, .target = byte, .count = 3});
  type::Id padded = info.add({.kind = type::Kind::structure,
                              .name = "main.Flagged",
                              .size = 16,
                              .members = {{"flag", byte}, {"count", integer, 64}}});
  type::Id empty = info.add({.kind = type::Kind::structure, .name = "struct {}"});
  type::Id opaque = info.add({.kind = type::Kind::structure, .name = "T", .size = 8, .is_declaration = true});
};

TEST_CASE("Go's results are where its ABI says") {
  Types t;
  struct Row {
    std::vector<type::Id> parameters;
    std::vector<type::Id> results;
    std::vector<std::string> places;
  };
  const std::vector<Row> rows{
      {{t.integer, t.integer}, {t.integer}, {"%ax"}},
      {{}, {t.text, t.integer}, {"0:%ax 8:%bx", "%cx"}},
      {{}, {t.slice, t.byte}, {"0:%ax 8:%bx 16:%cx", "%di"}},
      {{}, {t.one}, {"0:%ax 8:%bx"}},
      {{}, {t.padded}, {"0:%ax 1:it is padding 8:%bx"}},
      {{}, {t.real, t.integer}, {"it is in a floating-point register", "%ax"}},
      {{}, {t.complex}, {"0:it is in a floating-point register 8:it is in a floating-point register"}},
      // Four slices do not fit into nine registers; the number after it still does.
      {{},
       {t.slice, t.slice, t.text, t.text, t.integer},
       {"0:%ax 8:%bx 16:%cx", "0:%di 8:%si 16:%r8", "0:%r9 8:%r10", "8(%sp)", "%r11"}},
      // Three bytes of parameters, then the results from the next word on.
      {{t.three}, {t.three, t.integer}, {"16(%sp)", "%ax"}},
      {{t.empty}, {t.opaque}, {"8(%sp)"}},
  };
  for (const Row& row : rows) {
    std::vector<std::string> seen;
    for (const Whereabouts& place :
         place_go_results(t.info.types(), arch::x86_64(), GoCalling::registers, row.parameters, row.results))
      seen.push_back(show(place));
    CHECK(seen == row.places);
  }
}

TEST_CASE("before Go 1.17 all results are on the stack") {
  Types t;
  const std::vector<type::Id> parameters{t.integer, t.byte}, results{t.byte, t.text};
  const auto places = place_go_results(t.info.types(), arch::x86_64(), GoCalling::stack, parameters, results);
  CHECK(show(places[0]) == "24(%sp)");
  CHECK(show(places[1]) == "32(%sp)");
}

}  // namespace
}  // namespace dtp::debug
