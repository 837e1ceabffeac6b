#include "base/escape.h"

#include <doctest/doctest.h>

namespace dtp::base {

TEST_CASE("escape keeps text and neutralises control bytes") {
  CHECK(escape("plain text") == "plain text");
  CHECK(escape("\x1B[31mred") == "\\x1b[31mred");
  CHECK(escape("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(escape("\xC3\xA4") == "\xC3\xA4");
  CHECK(escape("\xC3") == "\\xc3");
  CHECK(escape("\xC2\x9B") == "\\xc2\\x9b");           // CSI as one C1 character
  CHECK(escape("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // a surrogate
}

TEST_CASE("JSON strings") {
  std::string out;
  append_json_string(out, "a\"b\\c\n\x7F\xFF");
  CHECK(out == "\"a\\\"b\\\\c\\u000a\\u007f\xEF\xBF\xBD\"");
}

TEST_CASE("nothing in XML is markup, and XML has every character") {
  std::string out;
  append_markup(out, "</script><script a='1' b=\"2\">&\x1B[31m\xC3\xA4\xFF");
  CHECK(out == "&lt;/script&gt;&lt;script a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;\\x1b[31m\xC3\xA4\\xff");
  out.clear();
  append_markup(out, "a\xEF\xBF\xBEz\xEF\xBF\xBF");
  CHECK(out == "a\xEF\xBF\xBDz\xEF\xBF\xBD");
}

}  // namespace dtp::base
