#include "record/parts.h"

#include <doctest/doctest.h>

namespace dtp::record {

using path::Display;

TEST_CASE("the parts stand behind their path") {
  EventSchema schema{.fields = {{.name = "part", .kind = FieldKind::string, .display = Display::path_part},
                                {.name = "p", .kind = FieldKind::string, .display = Display::path},
                                {.name = "p__d1", .kind = FieldKind::string, .display = Display::path_part},
                                {.name = "p__r", .kind = FieldKind::string, .display = Display::path_part},
                                {.name = "n"},
                                {.name = "p__t", .kind = FieldKind::string, .display = Display::path_part}}};
  fold_parts(schema);
  REQUIRE(schema.fields.size() == 4);
  CHECK(schema.fields[1].parts.size() == 2);
  CHECK(schema.fields[1].parts[1].name == "p__r");
  CHECK(schema.fields[3].name == "p__t");
}

TEST_CASE("the length stands behind its text or array") {
  EventSchema schema{.fields = {{.name = "lost", .size = 8, .display = Display::length},
                                {.name = "s", .kind = FieldKind::array, .size = 256, .display = Display::text},
                                {.name = "s__len", .size = 8, .display = Display::length},
                                {.name = "second", .size = 8, .display = Display::length},
                                {.name = "v", .kind = FieldKind::array, .size = 64},
                                {.name = "v__len", .size = 8, .display = Display::length},
                                {.name = "bare", .kind = FieldKind::array, .size = 256, .display = Display::text},
                                {.name = "short", .size = 4, .display = Display::length}}};
  fold_parts(schema);
  REQUIRE(schema.fields.size() == 6);
  CHECK(schema.fields[1].parts.size() == 1);
  CHECK(schema.fields[1].kind == FieldKind::string);
  CHECK(schema.fields[3].parts.size() == 1);
  CHECK(schema.fields[3].kind == FieldKind::array);
  CHECK(schema.fields[4].kind == FieldKind::array);
  CHECK(schema.fields[4].display == Display::none);
}

}  // namespace dtp::record
