#include "report/pprof.h"

#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>

#include "report/pprof_fields.h"

namespace dtp::report {

TEST_CASE("texts are UTF-8, whatever functions and threads are called; the first one is empty") {
  Profile profile{.keys = {parse_key("comm")},
                  .events = {{"g:e", 1}},
                  .functions = {{.name = "\xff\xfe<", .module = "/x\x1b"}},
                  .groups = {{0, {"comm\\xff"}, 1}},
                  .stacks = {{0, {0}, 1}},
                  .first_ns = 5,
                  .last_ns = 9};
  std::vector<std::string> texts;
  std::int64_t time_ns = 0;
  const std::string bytes = encode_pprof(profile, {.name = "data", .exporter = "us", .wall_offset_ns = 100});
  for (protozero::pbf_reader message(bytes); message.next();) {
    switch (static_cast<pprof::Profile>(message.tag())) {
      case pprof::Profile::string_table: texts.push_back(message.get_string()); break;
      case pprof::Profile::time_nanos: time_ns = message.get_int64(); break;
      default: message.skip();
    }
  }
  CHECK(texts ==
        std::vector<std::string>{"", "g:e", "count", "comm", "comm\\xff", "\\xff\\xfe<", "/x\\x1b", "us, data"});
  CHECK(time_ns == 105);
}

TEST_CASE("an empty profile is a file, too") {
  const std::string bytes = encode_pprof({}, {.name = "data", .exporter = "us"});
  protozero::pbf_reader message(bytes);
  while (message.next()) message.skip();
  CHECK_FALSE(bytes.empty());
}

}  // namespace dtp::report
