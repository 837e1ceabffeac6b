#include "debug/qualified_name.h"

#include <doctest/doctest.h>

#include <array>

#include "debug/info.h"

namespace dtp::debug {

TEST_CASE("which functions go by a name") {
  static constexpr std::array<std::array<std::string_view, 3>, 40> table{{
      {"geo::Shape::grow(int)", "geo::Shape::grow", "yes"},
      {"geo::Shape::grow(int)", "Shape::grow", "yes"},
      {"geo::Shape::grow(int)", "Shape::grow(int)", "yes"},
      {"geo::Shape::grow(int)", "Shape::grow(long)", "no"},
      {"geo::Shape::grow(int)", "Shape::gro", "no"},
      {"geo::Shape::grow(int)", "hape::grow", "no"},
      {"geo::Shape::grow(long, char const*)", "Shape::grow(long,const char *)", "yes"},
      {"geo::Shape::grow(long, char const*)", "Shape::grow()", "no"},
      {"geo::Shape::area(int) const", "geo::Shape::area(int)", "yes"},
      {"geo::detail::v2::helper(geo::Vec const&, geo::Shape*, int)", "geo::detail::helper", "yes"},
      {"geo::detail::v2::helper(geo::Vec const&, geo::Shape*, int)", "other::helper", "no"},
      {"geo::detail::v2::helper(geo::Vec const&, int)", "helper(const geo::Vec&, int)", "yes"},
      {"int geo::detail::scale<int>(int, int)", "detail::scale", "yes"},
      {"int geo::detail::scale<int>(int, int)", "scale<int>", "yes"},
      {"int geo::detail::scale<int>(int, int)", "scale<double>", "no"},
      {"geo::detail::Ring<long, 8>::push(long)", "Ring<long,8>::push", "yes"},
      {"geo::detail::Ring<long, 8>::push(long)", "Ring::push", "yes"},
      {"geo::Shape::operator==(geo::Shape const&) const", "Shape::operator==", "yes"},
      {"geo::Shape::operator==(geo::Shape const&) const", "operator==(geo::Shape const&)", "yes"},
      {"main::{lambda(int)#1}::operator()(int) const", "operator()(int)", "yes"},
      {"geo::Shape::operator int() const", "Shape::operator int", "yes"},
      {"geo::Shape::operator int() const", "operator int()", "yes"},
      {"geo::Shape::operator int() const", "operator long", "no"},
      {"geo::Shape::operator char const*()", "operator const char *", "yes"},
      {"geo::Shape::~Shape()", "Shape::~Shape", "yes"},
      {"(anonymous namespace)::anon_fn(int, geo::Shape&)", "anon_fn(int, geo::Shape &)", "yes"},
      {"take(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char>> const&)",
       "take(const std::string&)", "yes"},
      {"ul_rust::Stack::push", "Stack::push", "yes"},
      {"<ul_rust::Stack>::push", "ul_rust::Stack::push", "yes"},
      {"<ul_rust::Stack>::push", "<ul_rust::Stack>::push", "yes"},
      {"<ul_rust::Stack>::push", "<ul_rust::Heap>::push", "no"},
      {"<ul_rust::Shape as ul_rust::Area>::area", "<ul_rust::Shape as ul_rust::Area>::area", "yes"},
      {"<ul_rust::Shape as ul_rust::Area>::area", "<Shape as Area>::area", "yes"},
      {"<ul_rust::Shape as ul_rust::Area>::area", "<Shape as Clone>::area", "no"},
      {"<ul_rust::Shape as ul_rust::Area>::area", "Shape::area", "yes"},
      {"ul_rust::largest::<u32>", "ul_rust::largest", "yes"},
      {"ul_rust::largest::<u32>", "largest<u32>", "yes"},
      {"ul_rust::largest::<u32>", "largest::<u64>", "no"},
      {"<alloc::vec::Vec<u8> as core::ops::drop::Drop>::drop", "<Vec<u8> as Drop>::drop", "yes"},
      {"geo::Shape::grow(int) [clone .cold]", "Shape::grow", "no"},
  }};
  for (const auto& [demangled, name, expected] : table)
    CHECK_MESSAGE(goes_by(demangled, name) == (expected == "yes"), demangled << " by " << name);
}

TEST_CASE("names that are none") {
  for (const std::string_view name : {"<", "<>", "<<", "< as ", "<a as", "<a as >::b", "::<", "::", "<a<b"}) {
    CHECK_FALSE(goes_by(name, "other"));
    CHECK_FALSE(goes_by("geo::Shape::grow(int)", name));
  }
  CHECK_FALSE(goes_by(std::string(100'000, '<'), "other"));
}

TEST_CASE("events are named after the last identifier") {
  static constexpr std::array<std::array<std::string_view, 2>, 8> table{{
      {"geo::Shape::grow(int)", "grow"},
      {"detail::scale<int>", "scale"},
      {"Shape::operator==", "operator_eq"},
      {"operator()(int)", "operator_call"},
      {"Shape::operator+=(int)", "operator_add"},
      {"Shape::~Shape", "destroy_Shape"},
      {"std::vector<int>::push_back", "push_back"},
      {"vfs_read", "vfs_read"},
  }};
  for (const auto& [name, expected] : table) CHECK(plain_name(name) == expected);
}

TEST_CASE("names of Go") {
  CHECK(plain_go_name("main.add") == "main_add");
  CHECK(plain_go_name("main.(*Server).Serve") == "main_Server_Serve");
  CHECK(plain_go_name("net/http.Get") == "http_Get");
  CHECK(plain_go_name("type..eq.main.Point") == "type_eq_main_Point");
  CHECK(plain_go_name("").empty());
  CHECK_FALSE(is_qualified("main.(*Server).Serve"));
  CHECK(is_qualified("visit(void (*)(int))"));
}

TEST_CASE("overloads by their parameters, in every program") {
  for (const std::string program : {"ul_cpp", "ul_cpp_clang"}) {
    const auto binary = open_binary(DTP_FIXTURES "/programs/" + program);
    REQUIRE(binary);
    const auto names = [&](std::string_view name) { return mangled_names((*binary)->symbols, "", name); };
    CHECK(names("geo::Shape::grow") == std::vector<std::string>{"_ZN3geo5Shape4growEi", "_ZN3geo5Shape4growElPKc"});
    CHECK(names("Shape::grow(int)") == std::vector<std::string>{"_ZN3geo5Shape4growEi"});
    CHECK(names("overload(const char*)") == std::vector<std::string>{"_Z8overloadPKc"});
    REQUIRE(names("Shape::operator+=").size() == 1);
    CHECK(names("Shape::operator+=")[0].starts_with("_ZN3geo5ShapepLEi"));  // perhaps a clone
  }
}

}  // namespace dtp::debug
