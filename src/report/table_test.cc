#include "report/table.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "report/pairs.h"

namespace dtp::report {
namespace {

const record::EventSchema reads{
    .group = "probe",
    .event = "read",
    .fields = {{.name = "file", .kind = record::FieldKind::string}, {.name = "asked", .size = 8}}};
const record::EventSchema returns{
    .group = "probe", .event = "done", .fields = {{.name = "ret", .kind = record::FieldKind::signed_, .size = 8}}};

record::Record read_of(std::uint64_t time_ns, std::uint32_t tid, std::string file, std::uint64_t asked) {
  return {.schema = &reads,
          .time_ns = time_ns,
          .pid = tid,
          .tid = tid,
          .comm = "cat",
          .values = {{std::move(file)}, {asked}}};
}

record::Record return_of(std::uint64_t time_ns, std::uint32_t tid, std::int64_t result) {
  return {.schema = &returns, .time_ns = time_ns, .pid = tid, .tid = tid, .comm = "dog", .values = {{result}}};
}

// What `write` puts out.
template <class Write>
std::string written(Write write) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    Output output(ends[1]);
    REQUIRE(write(output));
    REQUIRE(output.flush());
  }
  ::close(ends[1]);
  std::string text(65536, '\0');
  const auto size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

const Answer by_file{
    .columns = {{.name = "file", .of = "file"},
                {.name = "reads", .aggregate = Aggregate::count},
                {.name = "bytes", .of = "asked", .aggregate = Aggregate::sum, .show = {Show::As::size}},
                {.name = "mean", .of = "asked", .aggregate = Aggregate::mean},
                {.name = "p99", .of = "asked", .aggregate = Aggregate::p99},
                {.name = "who", .of = "comm", .aggregate = Aggregate::last}},
    .sort = "bytes",
    .histogram = "asked"};

}  // namespace

TEST_CASE("a text ends after its length") {
  const Answer answer{
      .columns = {{.name = "file", .of = "file", .length = "asked"}, {.name = "reads", .aggregate = Aggregate::count}}};
  AnswerTable table(answer);
  RowMaker rows(values_of(answer));
  table.add(rows.make(read_of(1, 7, "name and rest", 4)));
  table.add(rows.make(read_of(2, 7, "name", 4)));
  table.add(rows.make(read_of(3, 7, "nam", 4)));
  table.add(rows.make(read_of(4, 7, "nothing", 0)));
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::csv); }) ==
        "file,reads\r\nname,2\r\n,1\r\nnam,1\r\n");
}

TEST_CASE("rows are added up by what is not") {
  AnswerTable table(by_file);
  RowMaker rows(values_of(by_file));
  table.add(rows.make(read_of(1, 7, "a", 100)));
  table.add(rows.make(read_of(2, 7, "b", 2000)));
  table.add(rows.make(read_of(3, 7, "a", 50)));
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::text); }) ==
        R"(# file  reads    bytes  mean   p99  who
# ....  .....  .......  ....  ....  ...
#
  b         1  1.95 KB  2000  2000  cat
  a         2    150 B    75   100  cat

# asked
        32 B .. 63 B  1  |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
       64 B .. 127 B  1  |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
      128 B .. 255 B  0  |                                        |
      256 B .. 511 B  0  |                                        |
    512 B .. 1.00 KB  0  |                                        |
  1.00 KB .. 2.00 KB  1  |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
)");
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::json); }) ==
        "{\"file\":\"b\",\"reads\":1,\"bytes\":2000,\"mean\":2000,\"p99\":2000,\"who\":\"cat\"}\n"
        "{\"file\":\"a\",\"reads\":2,\"bytes\":150,\"mean\":75,\"p99\":100,\"who\":\"cat\"}\n");
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::csv); }) ==
        "file,reads,bytes,mean,p99,who\r\nb,1,2000,2000,2000,cat\r\na,2,150,75,100,cat\r\n");
}

TEST_CASE("ranges of numbers, one by one and counted by somebody else") {
  const Answer answer{.columns = {{.name = "comm", .of = "comm"},
                                  {.name = "asked", .of = "asked", .show = {.as = Show::As::powers}},
                                  {.name = "reads", .aggregate = Aggregate::count},
                                  {.name = "sum", .of = "asked", .aggregate = Aggregate::sum}},
                      .sort = "comm",
                      .descending = false};
  RowMaker rows(values_of(answer));
  AnswerTable table(answer);
  for (const std::uint64_t asked : {4096, 1, 0, 2, 4097, 3}) table.add(rows.make(read_of(1, 7, "a", asked)));
  constexpr const char* text = R"(# comm       asked  reads   sum
# ....  ..........  .....  ....
#
  cat         0..1      2     1
  cat            2      1     2
  cat         3..4      1     3
  cat   2049..4096      1  4096
  cat   4097..8192      1  4097
)";
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::text); }) == text);

  AnswerTable counted(answer);
  const auto add = [&](std::uint64_t asked, std::uint64_t count, Wide sum) {
    counted.add_counted(rows.make(read_of(1, 7, "a", asked)), count, {0, 0, 0, sum});
  };
  add(8192, 1, 4097);
  add(4096, 1, 4096);
  add(1, 2, 1);
  add(2, 1, 2);
  add(4, 1, 3);
  CHECK(written([&](Output& output) { return counted.write(output, AnswerFormat::text); }) == text);
  CHECK(counted.rows() == table.rows());
  counted.add_ungrouped(3);
  CHECK(written([&](Output& output) {
          return counted.write(output, AnswerFormat::text);
        }).ends_with("# 3 hits of further rows: there is room for 16384\n"));
}

TEST_CASE("the values that came most often") {
  const Answer answer{.columns = {{.name = "files", .of = "file", .aggregate = Aggregate::often},
                                  {.name = "reads", .aggregate = Aggregate::count}}};
  RowMaker rows(values_of(answer));
  AnswerTable table(answer);
  const auto shown = [&](const std::vector<std::string>& files) {
    for (const std::string& file : files) table.add(rows.make(read_of(1, 7, file, 1)));
    return written([&](Output& output) { return table.write(output, AnswerFormat::json); });
  };
  CHECK(shown({"a", "a"}) == "{\"files\":\"a\",\"reads\":2}\n");
  CHECK(shown({"b", "c", "b", "b"}) == "{\"files\":\"b 3, a 2, c 1\",\"reads\":6}\n");
  CHECK(shown({"d", "e"}) == "{\"files\":\"b 3, a 2, c 1, and 2 more\",\"reads\":8}\n");
  CHECK(shown({std::string(60, 'x'), std::string(60, 'x'), std::string(60, 'x'), std::string(60, 'x')}) ==
        "{\"files\":\"" + std::string(60, 'x') + " 4, and 5 more\",\"reads\":12}\n");
}

TEST_CASE("ranges hold their numbers") {
  const Show powers{.as = Show::As::powers};
  const Show tens{.as = Show::As::steps, .step = 10};
  for (const Wide number : {Wide{0}, Wide{1}, Wide{2}, Wide{3}, Wide{64}, Wide{65}, Wide{-1}, Wide{-2}, Wide{-64},
                            Wide{-65}, Wide{UINT64_MAX}, Wide{INT64_MIN}, Wide{INT64_MAX}}) {
    for (const Show& show : {powers, tens}) {
      const Distribution::Range range = show.range_of(number);
      CHECK(range.first <= number);
      CHECK(range.last >= number);
      CHECK(show.range_of(range.first) == range);
      CHECK(show.range_of(range.last) == range);
    }
  }
  CHECK(cell_text({{std::int64_t{-5}}}, powers) == "-8..-5");
  CHECK(cell_text({{std::int64_t{-5}}}, tens) == "-10..-1");
  CHECK(cell_text({{std::uint64_t{39}}}, tens) == "30..39");
  std::string json;
  append_cell_json(json, {{std::uint64_t{30}}}, tens);
  CHECK(json == "30");
}

TEST_CASE("only the first rows are shown, and that is said") {
  Answer answer = by_file;
  answer.top = 1;
  answer.histogram.clear();
  answer.sort = "file";
  answer.descending = false;
  AnswerTable table(answer);
  RowMaker rows(values_of(answer));
  table.add(rows.make(read_of(1, 7, "b", 1)));
  table.add(rows.make(read_of(2, 7, "a", 2)));
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::text); }) ==
        R"(# file  reads  bytes  mean  p99  who
# ....  .....  .....  ....  ...  ...
#
  a         1    2 B     2    2  cat
# 1 of 2 rows
)");
}

TEST_CASE("lines as they come") {
  const Answer answer{.columns = {{.name = "comm", .of = "comm"},
                                  {.name = "ret", .of = "ret", .show = {Show::As::error}},
                                  {.name = "file", .of = "file"}}};
  RowMaker rows(values_of(answer));
  const auto lines_of = [&](AnswerFormat format) {
    return written([&](Output& output) -> Result<void> {
      AnswerLines lines(output, answer, format);
      DTP_CHECK(lines.begin());
      DTP_CHECK(lines.add(rows.make(return_of(1, 7, -2))));
      return lines.add(rows.make(read_of(2, 7, "x,\x1b", 2)));
    });
  };
  CHECK(lines_of(AnswerFormat::text) ==
        "comm             ret       file\n"
        "dog              ENOENT    -\n"
        "cat              -         x,\\x1b\n");
  CHECK(lines_of(AnswerFormat::json) ==
        "{\"comm\":\"dog\",\"ret\":\"ENOENT\",\"file\":null}\n"
        "{\"comm\":\"cat\",\"ret\":null,\"file\":\"x,\\u001b\"}\n");
  CHECK(lines_of(AnswerFormat::csv) == "comm,ret,file\r\ndog,ENOENT,\r\ncat,,\"x,\\x1b\"\r\n");
}

TEST_CASE("lines tell what passed since the line above") {
  const Answer answer{
      .columns = {{.name = "since", .of = "time", .show = {Show::As::since}}, {.name = "file", .of = "file"}},
      .where = "file ~ \"*a\""};
  RowMaker rows(values_of(answer));
  const auto lines_of = [&](AnswerFormat format) {
    return written([&](Output& output) -> Result<void> {
      AnswerLines lines(output, answer, format);
      DTP_CHECK(lines.add(rows.make(read_of(1000, 7, "a", 2))));
      DTP_CHECK(lines.add(rows.make(read_of(1500, 7, "b", 2))));  // is not shown
      return lines.add(rows.make(read_of(4000, 7, "aa", 2)));
    });
  };
  CHECK(lines_of(AnswerFormat::json) == "{\"since\":null,\"file\":\"a\"}\n{\"since\":3000,\"file\":\"aa\"}\n");
  CHECK(lines_of(AnswerFormat::text) == "       -  a\n 3.00 us  aa\n");
}

TEST_CASE("pairs of a thread nest") {
  Pairs pairs({"comm", "file", "ret", "latency"}, {});
  pairs.begin(read_of(10, 7, "outer", 1));
  pairs.begin(read_of(20, 7, "inner", 1));
  pairs.begin(read_of(25, 8, "other", 1));
  const auto inner = pairs.end(return_of(21, 7, 5));
  REQUIRE(inner);
  CHECK(cell_text((*inner)[0], {}) == "cat");
  CHECK(cell_text((*inner)[1], {}) == "inner");
  CHECK(cell_text((*inner)[2], {}) == "5");
  CHECK(cell_text((*inner)[3], {}) == "1");
  const auto outer = pairs.end(return_of(40, 7, 6));
  REQUIRE(outer);
  CHECK(cell_text((*outer)[1], {}) == "outer");
  CHECK(cell_text((*outer)[3], {}) == "30");
  CHECK(!pairs.end(return_of(50, 7, 7)));
  CHECK(pairs.lone_ends() == 1);
  CHECK(pairs.open() == 1);
}

TEST_CASE("pairs by values: the last beginning counts") {
  Pairs pairs({"file", "latency"}, {{"asked", "ret"}});
  pairs.begin(read_of(10, 7, "first", 5));
  pairs.begin(read_of(20, 8, "second", 5));
  const auto pair = pairs.end(return_of(30, 9, 5));
  REQUIRE(pair);
  CHECK(cell_text((*pair)[0], {}) == "second");
  CHECK(cell_text((*pair)[1], {}) == "10");
  CHECK(!pairs.end(return_of(31, 9, 4)));
  CHECK(pairs.open() == 1);
  pairs.begin(read_of(40, 8, "third", 6));
  REQUIRE(pairs.open_rows().size() == 1);
  CHECK(cell_text(pairs.open_rows()[0][0], {}) == "third");
}

TEST_CASE("pairs may take what both have from the second") {
  Pairs pairs({"tid", "time", "file"}, {{"asked", "ret"}}, {}, {"time", "file"});
  pairs.begin(read_of(10, 7, "first", 5));
  const auto pair = pairs.end(return_of(30, 9, 5));
  REQUIRE(pair);
  CHECK(cell_text((*pair)[0], {}) == "7");
  CHECK(cell_text((*pair)[1], {}) == "30");
  CHECK(cell_text((*pair)[2], {}) == "first");  // the second has none
}

TEST_CASE("columns are computed of those before them") {
  const Answer answer{.columns = {{.name = "file", .of = "file"},
                                  {.name = "reads", .aggregate = Aggregate::count},
                                  {.name = "large", .of = "asked > 100", .aggregate = Aggregate::sum},
                                  {.name = "share",
                                   .of = "100 * large / reads",
                                   .aggregate = Aggregate::computed,
                                   .show = {Show::As::percent}}},
                      .sort = "share"};
  CHECK(values_of(answer) == std::vector<std::string>{"file", "asked"});
  AnswerTable table(answer);
  RowMaker rows(values_of(answer));
  for (const std::uint64_t asked : {50, 60, 200, 300}) table.add(rows.make(read_of(1, 7, "a", asked)));
  table.add(rows.make(read_of(1, 7, "b", 500)));
  CHECK(written([&](Output& output) { return table.write(output, AnswerFormat::csv); }) ==
        "file,reads,large,share\r\nb,1,1,100\r\na,4,2,50\r\n");
}

TEST_CASE("a first record that stays belongs to all second ones until the next") {
  Pairs pairs({"file", "latency"}, {}, {}, {}, true);
  CHECK(!pairs.end(return_of(5, 7, 5)));
  pairs.begin(read_of(10, 7, "first", 5));
  CHECK(cell_text((*pairs.end(return_of(30, 7, 5)))[1], {}) == "20");
  CHECK(cell_text((*pairs.end(return_of(40, 7, 5)))[0], {}) == "first");
  CHECK(!pairs.end(return_of(41, 8, 5)));
  pairs.begin(read_of(50, 7, "second", 5));
  CHECK(cell_text((*pairs.end(return_of(60, 7, 5)))[0], {}) == "second");
  CHECK(pairs.open() == 0);
  CHECK(pairs.lone_ends() == 2);
}

TEST_CASE("values by their meaning") {
  const auto text = [](std::int64_t number, Show::As as) { return cell_text({{number}}, {as}); };
  CHECK(text(-2, Show::As::error) == "ENOENT");
  CHECK(text(3, Show::As::error) == "3");
  CHECK(text(-5000, Show::As::error) == "-5000");
  CHECK(text(9, Show::As::signal) == "SIGKILL");
  CHECK(cell_text({{std::uint64_t{0} - 2}}, {Show::As::error}) == "ENOENT");
  CHECK(text(900, Show::As::signal) == "900");
  CHECK(text(0, Show::As::signal) == "-");
  CHECK(text(0, Show::As::syscall) == "read");
  CHECK(text(257, Show::As::syscall) == "openat");
  CHECK(text(99999, Show::As::syscall) == "99999");
  CHECK(text(1'500'000, Show::As::duration) == "1.50 ms");
  CHECK(text(1536, Show::As::size) == "1.50 KB");
  CHECK(text(255, Show::As::hex) == "0xff");
  CHECK(text(12, Show::As::percent) == "12 %");
  CHECK(text((4095 << 20) + 7, Show::As::device) == "4095:7");
  const Show state{.as = Show::As::names, .names = {{1, "sleeping"}}};
  CHECK(cell_text({{std::uint64_t{1}}}, state) == "sleeping");
  CHECK(cell_text({{std::uint64_t{2}}}, state) == "2");
  const Show flags{.as = Show::As::flags, .names = {{1, "read"}, {2, "write"}}};
  CHECK(cell_text({{std::uint64_t{3}}}, flags) == "read|write");
  CHECK(cell_text({{std::uint64_t{9}}}, flags) == "read|0x8");
  CHECK(cell_text({{std::uint64_t{0}}}, flags) == "0");
}

}  // namespace dtp::report
