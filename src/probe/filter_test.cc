#include "probe/filter.h"

#include <doctest/doctest.h>

#include <array>
#include <utility>
#include <vector>

#include "base/caret.h"

namespace dtp::probe {
namespace {

using path::Display;

const std::array<FilterField, 14> fields{{
    {.name = "size", .bytes = 8},
    {.name = "ret", .is_signed = true, .bytes = 4},
    {.name = "dest", .display = Display::ip4, .bytes = 4},
    {.name = "spi", .display = Display::be32, .bytes = 4},
    {.name = "dport", .display = Display::port, .bytes = 2},
    {.name = "cookie", .display = Display::be64, .bytes = 8},
    {.name = "name", .is_string = true},
    {.name = "mode", .bytes = 2},
    {.name = "addr6", .display = Display::ip6, .is_array = true, .bytes = 16},
    {.name = "raw", .bytes = 4},
    {.name = "on", .display = Display::boolean, .bytes = 1},
    {.name = "path", .bytes = 8},
    {.name = "who", .display = Display::text, .is_string = true, .bytes = 256},
    {.name = "bits", .display = path::signed_bits(3), .bytes = 4},
}};

std::string translate(std::string_view text) {
  const auto out = translate_filter(text, fields);
  return out ? *out : base::format_error(out.error(), false);
}

}  // namespace

TEST_CASE("filters become the kernel's") {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {"size > 100 && dest == 172.31.28.139", "size > 100 && dest == 2333876140"},
      {"dest!=127.0.0.1", "dest != 16777343"},
      {"dest & 255.0.0.0", "dest & 255"},
      {"dest == 2333876140", "dest == 2333876140"},
      {"spi == 10.0.0.1", "spi == 16777226"},
      {"spi == 1", "spi == 16777216"},
      {"dport == 443", "dport == 47873"},
      {"dport == 0x50", "dport == 20480"},
      {"cookie == 1", "cookie == 72057594037927936"},
      {"name == bash", "name == \"bash\""},
      {"name == \"with blank\"", "name == \"with blank\""},
      {"name == 'say \"hi\"'", "name == 'say \"hi\"'"},
      {"name ~ *.conf||name~/etc/*[!a]", "name ~ \"*.conf\" || name ~ \"/etc/*[!a]\""},
      {"!(size == 1 || size==2) && name != x", "!(size == 1 || size == 2) && name != \"x\""},
      {"comm == sshd && cpu < 2 && common_pid != 1", "comm == \"sshd\" && cpu < 2 && common_pid != 1"},
      {"mode & 0111", "mode & 0111"},
      {"ret == -2", "ret == -2"},
      {"ret == 0xfffffffe", "ret == -2"},
      {"size == -1", "size == 18446744073709551615"},
      {"raw == -1", "raw == 4294967295"},
      {"bits == -1", "bits == 7"},
      {"bits != 3", "bits != 3"},
      {"bits == 0x7", "bits == 7"},
      {"size >= 0xffffffffffffffff", "size >= 0xffffffffffffffff"},
      {"on == true", "on == 1"},
      {"path.ustring ~ /etc/*", "path.ustring ~ \"/etc/*\""},
      {"path.function == vfs_read", "path.function == vfs_read"},
      {"(((size==1)))", "(((size == 1)))"},
  };
  for (const auto& [text, expected] : rows) CHECK(translate(text) == expected);
}

TEST_CASE("what the kernel would refuse or misread says where and what to do") {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {"", "error: the filter is empty\n  filter: \n          ^\n"},
      {"siez > 1",
       "error: the event has no field 'siez'\n  filter: siez > 1\n          ^^^^\nhint: did you mean 'size'?\n"},
      {"zzzzzzzz > 1",
       "error: the event has no field 'zzzzzzzz'\n  filter: zzzzzzzz > 1\n          ^^^^^^^^\n"
       "hint: it has size, ret, dest, spi, dport, cookie, name, mode, addr6, raw, on, path, who, bits\n"},
      {"bits < 0",
       "error: the kernel cannot order 'bits', a bitfield with a sign\n  filter: bits < 0\n               ^\n"
       "hint: == and != work\n"},
      {"bits == 4",
       "error: 4 does not fit into 'bits', a signed number of 3 bits\n  filter: bits == 4\n                  ^\n"},
      {"size = 1", "error: '=' does not compare\n  filter: size = 1\n               ^\nhint: write '=='\n"},
      {"size == ", "error: 'size' is compared with nothing\n  filter: size == \n                  ^\n"},
      {"on",
       "error: 'on' is not compared with anything\n  filter: on\n            ^\nhint: use ==, !=, <, <=, >, >=, & or "
       "~\n"},
      {"100 < size",
       "error: a comparison begins with the field\n  filter: 100 < size\n          ^^^\n"
       "hint: write the field on the left, the value on the right\n"},
      {"size == raw",
       "error: the kernel cannot compare 'size' with another field\n  filter: size == raw\n                  ^^^\n"},
      {"size == many", "error: 'many' is not a number\n  filter: size == many\n                  ^^^^\n"},
      {"size == 08", "error: '08' is not a number\n  filter: size == 08\n                  ^^\n"},
      {"(mode & 4) == 4",
       "error: the kernel cannot compare a masked value\n  filter: (mode & 4) == 4\n          ^^^^^^^^^^^^^\n"
       "hint: 'FIELD & BITS' alone asks whether any of the bits is set\n"},
      {"mode & 4==4",
       "error: the kernel cannot compare a masked value\n  filter: mode & 4==4\n          ^^^^^^^^^^\n"
       "hint: 'FIELD & BITS' alone asks whether any of the bits is set\n"},
      {"dest == 10.0.0.0/8",
       "error: the kernel cannot compare a masked value\n  filter: dest == 10.0.0.0/8\n                  ^^^^^^^^^^\n"
       "hint: compare with whole addresses, joined by ||\n"},
      {"dest == localhost",
       "error: 'localhost' is not an IPv4 address\n  filter: dest == localhost\n                  ^^^^^^^^^\n"},
      {"dest == 1.2.3.256",
       "error: '1.2.3.256' is not an IPv4 address\n  filter: dest == 1.2.3.256\n                  ^^^^^^^^^\n"},
      {"raw == 10.0.0.1",
       "error: 'raw' is not known to be an IPv4 address\n  filter: raw == 10.0.0.1\n                 ^^^^^^^^\n"
       "hint: give it the type :ip4 in the probe, or write 16777226 if it is in network byte order\n"},
      {"dport < 1024",
       "error: the kernel cannot order 'dport', which is in network byte order\n  filter: dport < 1024\n               "
       " ^\n"
       "hint: == and != work\n"},
      {"dport == 70000",
       "error: 70000 does not fit into 'dport', a number of 2 bytes\n  filter: dport == 70000\n                   "
       "^^^^^\n"},
      {"mode == 65537",
       "error: 65537 does not fit into 'mode', a number of 2 bytes\n  filter: mode == 65537\n                  "
       "^^^^^\n"},
      {"on == 300",
       "error: 300 does not fit into 'on', a number of 1 byte\n  filter: on == 300\n                ^^^\n"},
      {"ret == 4294967294",
       "error: 4294967294 does not fit into 'ret', a signed number of 4 bytes\n  filter: ret == 4294967294\n           "
       "      ^^^^^^^^^^\n"},
      {"size > -1",
       "error: 'size' is unsigned and never below zero\n  filter: size > -1\n                 ^^\n"
       "hint: give it a signed type in the probe: :s64\n"},
      {"addr6 == ::1",
       "error: the kernel cannot filter the array 'addr6'\n  filter: addr6 == ::1\n          ^^^^^\nhint: filter what "
       "comes out instead\n"},
      {"who == bob",
       "error: the kernel cannot filter the text 'who': no NUL ends it\n  filter: who == bob\n          ^^^\n"
       "hint: filter its length: who__len\n"},
      {"name < b", "error: 'name' is a string and knows ==, != and ~ only\n  filter: name < b\n               ^\n"},
      {"size ~ 1*", "error: '~' is for strings, 'size' is a number\n  filter: size ~ 1*\n               ^\n"},
      {"name == \"open",
       "error: a text without its closing quote\n  filter: name == \"open\n                  ^^^^^\n"},
      {"(size == 1", "error: a '(' without its ')'\n  filter: (size == 1\n          ^\n"},
      {"size == 1)", "error: a ')' without its '('\n  filter: size == 1)\n                   ^\n"},
      {"size == 1 raw == 2",
       "error: 'raw' is not expected here\n  filter: size == 1 raw == 2\n                    ^^^\nhint: join "
       "comparisons with && or ||\n"},
      {"size == 1 | raw == 2",
       "error: '|' does not join two comparisons\n  filter: size == 1 | raw == 2\n                    ^\nhint: write "
       "'||'\n"},
      {"size == 1 &&", "error: the filter ends early\n  filter: size == 1 &&\n                      ^\n"},
  };
  for (const auto& [text, expected] : rows) CHECK(translate(text) == expected);
  const std::string deep(51, '(');
  CHECK(translate(deep) ==
        "error: the parentheses are nested too deeply\n  filter: " + deep + "\n" + std::string(60, ' ') + "^\n");
  CHECK_FALSE(translate_filter(std::string(200, '(') + "size == 1", fields));
  CHECK_FALSE(translate_filter(std::string(100000, '!') + "size == 1", fields));
  CHECK_FALSE(translate_filter("name == " + std::string(300, 'x'), fields));
}

}  // namespace dtp::probe
