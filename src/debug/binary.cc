#include "debug/info.h"
#include "debug/mini_symbols.h"

namespace dtp::debug {

Result<std::shared_ptr<const Binary>> open_binary(const std::string& path) {
  DTP_TRY(ElfFile file, ElfFile::open(path));
  auto binary = std::make_shared<Binary>(Binary{std::move(file), {}});
  binary->symbols = Symbols::of_elf(binary->file);
  binary->mini = mini_symbols(binary->file);
  if (binary->mini) binary->symbols.add(Symbols::of_elf(*binary->mini));
  return binary;
}

}  // namespace dtp::debug
