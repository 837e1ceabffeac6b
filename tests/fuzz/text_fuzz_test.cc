// Parsers of what people and the kernel write. They must come back, and an error's caret must lie in its text.
#include <doctest/doctest.h>

#include <array>

#include "expr/parse.h"
#include "fuzz/mutate.h"
#include "kernel/error_log.h"
#include "lower/type_spec.h"
#include "probe/definition.h"
#include "probe/filter.h"
#include "record/format.h"

namespace dtp::test {
namespace {

using path::Display;

void check_places(const Error& error) {
  CHECK_FALSE(error.what.empty());
  if (error.where) {
    REQUIRE(error.where->span.begin <= error.where->span.end);
    REQUIRE(error.where->span.end <= error.where->text.size());
  }
  for (const Error& next : error.also) check_places(next);
}

}  // namespace

TEST_CASE("fuzz: requests") {
  const std::vector<std::string> seeds{
      "vfs_read file->f_path.dentry->d_name.name:string count",
      "probe:e=vfs_read@read_write.c+0x10 a=+0(+40(+24(%di))):string b=@jiffies+8:x64 $retval",
      "readline%return +u0($retval):ustring v[3].next->m:b3@4/32 $arg2 $stack3 $comm \\-5 \\\"text\" p:ip4@user",
      "0xffffffff81350200 x=@0x1000:u8[4] $params $vars"};
  const std::vector<std::string> pieces{"->", ".", "[", "]", "(", ")", "+0(", "@", "%", "$", "\\", "=", ":", "\"", "@user", " ", "%return", "0x", "-1", "+u"};
  fuzz(seeds, pieces, 4000, [](const std::string& text) {
    const auto request = expr::parse_request(text);
    if (!request) return check_places(request.error());
    for (const expr::ProbeArgument& argument : request->arguments) CHECK_FALSE(expr::print(argument.tree).empty());
  });
  expr::parse_argument(std::string(100000, '('), 1);
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "+0(";
  check_places(expr::parse_argument(deep, 1).error());
}

TEST_CASE("fuzz: filters") {
  const std::array<probe::FilterField, 5> fields{{{.name = "size"},
                                                  {.name = "dest", .display = Display::ip4, .bytes = 4},
                                                  {.name = "port", .display = Display::port, .bytes = 2},
                                                  {.name = "name", .is_string = true},
                                                  {.name = "ret", .is_signed = true, .bytes = 4}}};
  const std::vector<std::string> seeds{"size > 100 && dest == 172.31.28.139", "!(name ~ \"*.conf\" || ret == -2) && port != 443",
                                       "comm == bash && cpu < 2 && size & 0x10", "name.ustring == 'a b'"};
  const std::vector<std::string> pieces{"&&", "||", "!", "(", ")", "==", "~", "&", "<", "\"", "'", "size", "dest", "name", "10.0.0.1", "-1", "0x", "99999999999999999999"};
  fuzz(seeds, pieces, 4000, [&](const std::string& text) {
    const auto filter = probe::translate_filter(text, fields);
    if (!filter) check_places(filter.error());
  });
  check_places(probe::translate_filter(std::string(100000, '!') + "size == 1", fields).error());
}

TEST_CASE("fuzz: types and definitions") {
  const std::vector<std::string> types{"u8", "x64[4]", "b3@4/32", "string[2]", "ip4", "symbol"};
  fuzz(types, {"[", "]", "@", "/", "b", "64", "99999999999"}, 2000, [](const std::string& text) {
    const auto spec = lower::parse_type_spec(text);
    if (!spec) check_places(spec.error());
  });
  const std::vector<std::string> lines{"p:probe/vfs_read vfs_read+0 name=+0(+40(+24(%di))):string arg2=%si:x64",
                                       "r8:probe_bash/readline__return /bin/bash:0x00000000000d5690 arg1=+0($retval):string"};
  fuzz(lines, {":", "/", " ", "=", "+0(", ")"}, 2000, [](const std::string& text) { probe::parse_definition(text); });
}

TEST_CASE("fuzz: texts of tracefs") {
  const std::vector<std::string> formats{
      "name: vfs_read\nID: 1400\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
      "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:1;\n"
      "\tfield:u8 mac[6];\toffset:20;\tsize:6;\tsigned:0;\n\nprint fmt: \"(%lx) name=\\\"%s\\\" ip=%pI4\", REC->__probe_ip, __get_str(name), REC->mac\n"};
  fuzz(formats, {"field:", "\toffset:", ";", "[", "]", "__data_loc ", "4294967295", "-1", "%pI4", "\""}, 3000, [](const std::string& text) {
    const auto schema = record::parse_format(text, "probe");
    if (!schema) check_places(schema.error());
  });
  const std::vector<std::string> logs{
      "[ 1351.479663] trace_uprobe: error: Invalid register name\n  Command: p:zz/y /bin/bash:0x30100 a=%dxx\n"
      "                                                  ^\n"};
  fuzz(logs, {"\n", "^", "  Command: ", "error: "}, 2000, [](const std::string& text) {
    for (const kernel::LogEntry& entry : kernel::parse_error_log(text)) REQUIRE(entry.column <= entry.command.size());
  });
}

}  // namespace dtp::test
