// Files of recipes.
#include "fuzz/fuzz.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dtp;
  const auto recipe = recipe::parse(fuzz::text_of(data, size), "a.toml");
  if (!recipe) {
    fuzz::check_error(recipe.error());
    return 0;
  }
  const auto settings = recipe::Settings::create(*recipe, {"over=10ms"});
  if (!settings) fuzz::check_error(settings.error());
  return 0;
}
