#include "lower/event_names.h"

#include <doctest/doctest.h>

namespace dtp::lower {

TEST_CASE("what cannot be the name of an event gets a near one") {
  const std::string longest(63, 'x');
  const auto legal = legal_event_names({"plain", "filter", "enable", "enable_1", "filter__return", "a$b", "a_b", "7up",
                                        "", "-", longest, longest + "y", longest + "z", longest + "__return"});
  const std::map<std::string, std::string> wanted{{"filter", "filter_1"},
                                                  {"enable", "enable_2"},
                                                  {"a$b", "a_b_1"},
                                                  {"7up", "_7up"},
                                                  {"", "_"},
                                                  {"-", "__1"},
                                                  {longest + "y", std::string(61, 'x') + "_1"},
                                                  {longest + "z", std::string(61, 'x') + "_2"},
                                                  {longest + "__return", std::string(55, 'x') + "__return"}};
  CHECK(legal == wanted);
}

}  // namespace dtp::lower
