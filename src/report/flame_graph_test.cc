#include "report/flame_graph.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "report/flame_graph_svg.h"

namespace dtp::report {
namespace {

// main calls parse and run; run calls itself and step; parse inlines peek; step enters the kernel.
Profile example() {
  Profile profile;
  profile.keys = {parse_key("comm")};
  profile.events = {{"probe:hit", 20}};
  profile.functions = {{.name = "main", .module = "/bin/cat"},
                       {.name = "parse", .module = "/bin/cat"},
                       {.name = "peek", .module = "/bin/cat", .is_inlined = true},
                       {.name = "run", .module = "/bin/cat"},
                       {.name = "step", .module = "[kernel.kallsyms]", .is_kernel = true}};
  profile.groups = {{0, {"cat"}, 1}, {0, {"worker"}, 19}};
  profile.stacks = {
      {0, {0, 1}, 1}, {1, {0, 1, 2}, 8}, {1, {0, 3, 3, 4}, 4}, {1, {0, 3, 4}, 5}, {1, {0}, 2},
  };
  return profile;
}

// A line for each box: "  parse at 3: 4".
std::string text_of(const FlameGraph& graph) {
  std::string text;
  for (const FlameRoot& root : graph.roots)
    for (const FlameBox& box : root.boxes) {
      text += std::string(2 * box.depth, ' ') + graph.labels[box.label].name;
      text += fmt::format(" at {}: {}", box.begin, box.hits);
      if (graph.is_difference) text += fmt::format(", before {}: {:+.0f}", box.before, growth(root, box));
      text += '\n';
    }
  return text;
}

// What is left in the buffer.
std::string svg_of(const FlameGraph& graph) {
  Output output(-1);
  append_flame_controls(output.buffer(), graph);
  REQUIRE(write_flame_roots(output, graph, 0));
  return output.buffer();
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("boxes from the outermost function") {
  CHECK(text_of(make_flame_graph(example(), Order::caller)) == R"(probe:hit at 0: 20
  cat at 0: 1
    main at 0: 1
      parse at 0: 1
  worker at 1: 19
    main at 1: 19
      parse at 3: 8
        peek at 3: 8
      run at 11: 9
        run at 11: 4
          step at 11: 4
        step at 15: 5
)");
}

TEST_CASE("boxes from what was hit") {
  CHECK(text_of(make_flame_graph(example(), Order::callee)) == R"(probe:hit at 0: 20
  cat at 0: 1
    parse at 0: 1
      main at 0: 1
  worker at 1: 19
    main at 1: 2
    peek at 3: 8
      parse at 3: 8
        main at 3: 8
    step at 11: 9
      run at 11: 9
        main at 11: 5
        run at 16: 4
          main at 16: 4
)");
}

// What is below a box lies within it, side by side, and is not wider.
TEST_CASE("widths add up") {
  for (const Order order : {Order::caller, Order::callee}) {
    const FlameGraph graph = make_flame_graph(example(), order);
    for (const FlameRoot& root : graph.roots) {
      std::vector<FlameBox> above;
      for (const FlameBox& box : root.boxes) {
        above.resize(box.depth);
        if (!above.empty()) {
          CHECK(box.begin >= above.back().begin);
          CHECK(box.begin + box.hits <= above.back().begin + above.back().hits);
          above.back().begin = box.begin + box.hits;  // where its next neighbour may begin
          above.back().hits -= box.hits;
        }
        above.push_back(box);
      }
      CHECK(root.boxes.front().hits == root.hits);
    }
  }
}

TEST_CASE("each event has a root of its own") {
  Profile profile = example();
  profile.events.push_back({"probe:other", 3});
  profile.groups.push_back({1, {"cat"}, 3});
  profile.stacks.push_back({2, {0}, 3});
  const FlameGraph graph = make_flame_graph(profile, Order::caller);
  REQUIRE(graph.roots.size() == 2);
  CHECK(graph.roots[0].hits == 20);
  CHECK(graph.roots[1].hits == 3);
  CHECK(graph.roots[1].boxes.size() == 3);
}

TEST_CASE("what nobody would see is counted and left out") {
  Profile profile = example();
  profile.stacks[1].hits = 100'000;
  const FlameGraph graph = make_flame_graph(profile, Order::caller);
  CHECK(graph.roots[0].narrow == 6);
  CHECK(text_of(graph) == R"(probe:hit at 0: 100012
  worker at 1: 100011
    main at 1: 100011
      parse at 3: 100000
        peek at 3: 100000
      run at 100003: 9
)");
  CHECK(count(svg_of(graph), "<span>6 too narrow to draw</span>") == 1);
}

TEST_CASE("a difference compares shares of each recording") {
  Profile before = example();
  for (Function& function : before.functions) function.module = "/elsewhere" + function.module;
  before.functions[4].module = "[kernel.kallsyms]";
  Profile after = example();
  for (StackHits& stack : after.stacks) stack.hits *= 2;
  after.stacks[1].hits = 0;
  after.stacks[2].hits = 24;
  after.stacks.erase(after.stacks.begin() + 1);
  CHECK(text_of(make_difference(before, after, Order::caller)) == R"(probe:hit at 0: 40, before 20: +0
  cat at 0: 2, before 1: +0
    main at 0: 2, before 1: +0
      parse at 0: 2, before 1: +0
  worker at 2: 38, before 19: +0
    main at 2: 38, before 19: +0
      run at 6: 34, before 9: +40
        run at 6: 24, before 4: +40
          step at 6: 24, before 4: +40
        step at 30: 10, before 5: +0
)");
  const std::string svg = svg_of(make_difference(before, after, Order::caller));
  CHECK(count(svg, "<g class=\"grew d4\"") == 3);
  CHECK(count(svg, "<g class=\"same\"") == 7);
  CHECK(count(svg, "run\ncat\n34 hits, 85.00 %; before 9 hits, 45.00 %; +40.00 points<") == 1);
}

TEST_CASE("a box has its place, its colour and its numbers") {
  const std::string svg = svg_of(make_flame_graph(example(), Order::caller));
  CHECK(count(svg, R"(data-at="3" data-hits="8" data-depth="3"><title>peek
/bin/cat (inlined)
8 hits, 40.00 %</title><rect x="15.0000%" y="72" width="40.0000%" height="17"/><text x="15.0000%" dx="4" y="85">peek</text></g>)") ==
        0);
  CHECK(count(svg, R"(data-at="3" data-hits="8" data-depth="4"><title>peek
/bin/cat (inlined)
8 hits, 40.00 %</title><rect x="15.0000%" y="72" width="40.0000%" height="17"/><text x="15.0000%" dx="4" y="85">peek</text></g>)") ==
        1);
  CHECK(count(svg, "<g class=\"inlined ") == 1);
  CHECK(count(svg, "<g class=\"kernel ") == 2);
  CHECK(count(svg, "<g class=\"user ") == 6);
  CHECK(count(svg, "<g class=\"key ") == 2);
  CHECK(count(svg, "height=\"108\" data-hits=\"20\"") == 1);
}

TEST_CASE("names are cut to their boxes, between letters") {
  Profile profile = example();
  profile.functions[1].name = std::string(60, 'x') + "äöü";
  profile.stacks[0].hits = 7;
  profile.stacks[1].hits = 13;
  profile.stacks.resize(2);
  profile.functions[2].name.clear();
  for (int i = 0; i < 200; ++i) profile.functions[2].name += "ä";
  const std::string svg = svg_of(make_flame_graph(profile, Order::caller));
  CHECK(count(svg, ">" + std::string(54, 'x') + "…<") == 1);
  CHECK(count(svg, ">" + profile.functions[2].name.substr(0, 2 * 102) + "…<") == 1);
}

TEST_CASE("hostile names are text") {
  Profile profile = example();
  const std::string hostile = "</script><script>alert(1)</script>\"><svg onload=alert(2)>]]>\x1b[31m\xFF";
  profile.functions[0] = {.name = hostile, .module = "/" + hostile};
  profile.groups[0].keys[0] = profile.groups[1].keys[0] = hostile;
  profile.events[0].name = hostile;
  const std::string svg = svg_of(make_flame_graph(profile, Order::caller));
  CHECK(count(svg, "<script") == 0);
  CHECK(count(svg, "<svg") == 1);
  CHECK(count(svg, "]]>") == 0);
  CHECK(count(svg, "\x1b") == 0);
  CHECK(count(svg,
              "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;svg "
              "onload=alert(2)&gt;]]&gt;\\x1b[31m\\xff\n") == 3);
}

}  // namespace dtp::report
