#include "record/print_format.h"

#include <doctest/doctest.h>

namespace dtp::record {

TEST_CASE("conversions meet their arguments") {
  const auto found = parse_print_format(
      R"x("(%lx) a=0x%Lx 100%% s=\"%s\" p=%pI4 %*d", REC->__probe_ip, REC->a, __get_str(s), REC->p, 3, f(REC->q, ")"))x");
  const std::vector<Conversion> wanted{
      {'x', "", "REC->__probe_ip"}, {'x', "", "REC->a"},           {'s', "", "__get_str(s)"},
      {'p', "I4", "REC->p"},        {'d', "", "f(REC->q, \")\")"},
  };
  CHECK(found == wanted);
}

TEST_CASE("what is not a print format gives nothing") {
  for (const char* text : {"", "x", "\"no end", "\"%d", "\"%", "\"%d\"", "\"%-*", "\"%d\", \"open"}) {
    CAPTURE(text);
    CHECK(parse_print_format(text).size() <= 1);
  }
}

TEST_CASE("the field that an argument shows") {
  CHECK(shown_field("REC->size") == "size");
  CHECK(shown_field("((unsigned long)(REC->dfd))") == "dfd");
  CHECK(shown_field("(void *)REC->call_site") == "call_site");
  CHECK(shown_field("REC->mac[0]") == "mac");
  CHECK(shown_field("__get_str(name)").empty());
  CHECK(shown_field("__print_symbolic(REC->family, { 2, \"AF_INET\" })").empty());
  CHECK(shown_field("(u32)swap(REC->x)").empty());
  CHECK(shown_field("REC->a ? \"x\" : \"y\"").empty());
  CHECK(shown_field("REC->dev >> 20").empty());
  CHECK(shown_field("REC->a - REC->b").empty());
}

}  // namespace dtp::record
