// What people write after `probe`, `trace` and `show`: points, arguments, whole requests.
#include "expr/parse.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const auto request = expr::parse_request(fuzz::text_of(data, size));
  if (!request) {
    fuzz::check_error(request.error());
    return 0;
  }
  for (const expr::ProbeArgument& argument : request->arguments) DTP_REQUIRE(!expr::print(argument.tree).empty());
  return 0;
}
