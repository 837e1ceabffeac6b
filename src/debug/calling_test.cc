#include "debug/calling.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "debug/btf.h"
#include "support/btf_builder.h"

namespace dtp::debug {
namespace {

using test::BtfBuilder;

class BlobTypes : public type::Loader {
 public:
  explicit BlobTypes(const BtfBuilder& builder)
      : bytes_(builder.bytes()), blob_(*btf::Blob::parse(std::as_bytes(std::span(bytes_)), nullptr, "x")) {}
  type::Type load_type(type::Id id) override { return blob_.load(id.key); }

 private:
  std::string bytes_;
  btf::Blob blob_;
};

std::string show(const Whereabouts& place) {
  if (const auto* nowhere = std::get_if<Unavailable>(&place)) return nowhere->text;
  const auto& location = std::get<Location>(place);
  const int number = std::get<path::Register>(location.base).number;
  const auto name = arch::fetch_name(arch::x86_64(), number).value_or("?");
  return location.kind == Location::Kind::value ? fmt::format("%{}", name)
                                                : fmt::format("{}(%{})", location.offset, name);
}

// The types the rows below speak of.
struct Types {
  BtfBuilder b = {};
  std::uint32_t i32 = b.integer("int", 4, 1);
  std::uint32_t u64 = b.integer("unsigned long", 8);
  std::uint32_t u128 = b.integer("unsigned __int128", 16);
  std::uint32_t f64 = b.floating("double", 8);
  std::uint32_t f80 = b.floating("long double", 16);
  std::uint32_t pointer = b.pointer(0);
  std::uint32_t choice = b.enumeration("choice", {{"A", 0}});
  std::uint32_t one = b.structure("kuid_t", 4, {{"val", i32}}, {0});
  std::uint32_t two = b.structure("sockptr_t", 16, {{"p", pointer}, {"bit", i32}}, {0, 1U << 24 | 64}, true);
  std::uint32_t bytes16 = b.structure("guid_t", 16, {{"b", b.array(b.integer("unsigned char", 1), 16)}}, {0});
  std::uint32_t large = b.structure("large", 24, {{"a", u64}, {"b", u64}, {"c", u64}}, {0, 64, 128});
  std::uint32_t floats = b.structure("floats", 16, {{"x", f64}, {"y", f64}}, {0, 64});
  std::uint32_t mixed = b.structure("mixed", 16, {{"x", f64}, {"n", u64}}, {0, 64});
  std::uint32_t both = b.structure("both", 8, {{"x", f64}, {"n", u64}}, {0, 0}, false, true);
  std::uint32_t packed = b.structure("packed", 9, {{"c", b.integer("char", 1)}, {"n", u64}}, {0, 8});
  std::uint32_t empty = b.structure("empty", 0, {}, {});
  std::uint32_t opaque = b.forward("opaque");
};

struct Row {
  std::vector<std::uint32_t> parameters;
  std::vector<std::string> places;
  std::uint32_t result = 0;
};

}  // namespace

TEST_CASE("parameters by the calling convention") {
  const Types t;
  const std::string in_xmm = "it is in a floating-point register";
  const std::string lost = "the debug information does not tell how it is passed";
  const std::vector<Row> rows{
      {{t.i32, t.pointer, t.choice, t.u64, t.one, t.i32, t.i32, t.pointer},
       {"%di", "%si", "%dx", "%cx", "%r8", "%r9", "8(%sp)", "16(%sp)"}},
      {{t.u128, t.i32}, {"it is split over the registers %di and %si", "%dx"}},
      {{t.i32, t.two, t.i32}, {"%di", "it is split over the registers %si and %dx", "%cx"}},
      {{t.bytes16, t.i32}, {"it is split over the registers %di and %si", "%dx"}},
      {{t.i32, t.large, t.i32}, {"%di", "8(%sp)", "%si"}},
      {{t.large, t.large}, {"8(%sp)", "32(%sp)"}},
      // Not enough registers for all of it: the whole goes to the stack, and a later one still finds the last.
      {{t.i32, t.i32, t.i32, t.i32, t.i32, t.two, t.i32}, {"%di", "%si", "%dx", "%cx", "%r8", "8(%sp)", "%r9"}},
      {{t.i32, t.i32, t.i32, t.i32, t.i32, t.i32, t.i32, t.u128},
       {"%di", "%si", "%dx", "%cx", "%r8", "%r9", "8(%sp)", "24(%sp)"}},
      {{t.f64, t.i32, t.floats}, {in_xmm, "%di", in_xmm}},
      {{t.mixed, t.i32}, {"it is partly in a floating-point register", "%si"}},
      {{t.both, t.i32}, {"%di", "%si"}},
      {{t.f80, t.packed, t.i32}, {"8(%sp)", "24(%sp)", "%di"}},
      {{t.empty, t.i32}, {"it is empty and is not passed", "%di"}},
      {{t.i32, t.opaque, t.i32}, {"%di", lost, lost}},
      {{t.i32}, {"%si"}, t.large},
      {{t.i32}, {"%di"}, t.two},
      {{t.i32}, {"%di"}, t.f80},
      {{t.i32}, {lost}, t.opaque},
  };
  BlobTypes loader(t.b);
  type::Table types(loader);
  for (const Row& row : rows) {
    std::vector<type::Id> ids;
    for (const std::uint32_t id : row.parameters) ids.push_back({id});
    std::vector<std::string> places;
    for (const Whereabouts& place : place_parameters(types, arch::x86_64(), {row.result}, ids))
      places.push_back(show(place));
    CHECK(places == row.places);
  }
}

}  // namespace dtp::debug
