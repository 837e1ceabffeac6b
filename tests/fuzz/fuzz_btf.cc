// BTF of a kernel and, after the same bytes, of a module that is built on a good kernel's.
#include "debug/btf.h"

#include "debug/calling.h"
#include "fuzz/fuzz.h"
#include "support/btf_builder.h"
#include "type/query.h"

namespace {

using namespace dtp;

class BlobTypes : public type::Loader {
 public:
  explicit BlobTypes(const debug::btf::Blob& blob) : blob_(blob) {}
  type::Type load_type(type::Id id) override { return blob_.load(id.key); }

 private:
  const debug::btf::Blob& blob_;
};

// Everything that can be asked of the first types and functions.
void ask_all(const debug::btf::Blob& blob) {
  BlobTypes loader(blob);
  type::Table types(loader);
  constexpr std::uint64_t last = 80;
  for (std::uint64_t id = 0; id < last; ++id) {
    type::declare(types, {id});
    type::size_of(types, {id});
    type::member_names(types, {id});
    type::find_member(types, {id}, "none such");
    type::is_called(types, {id}, "__be32");
    type::typedef_name(types, {id});
  }
  for (const std::uint32_t function : blob.functions()) {
    const auto prototype = blob.prototype(function);
    if (!prototype) continue;
    std::vector<type::Id> ids;
    for (const debug::btf::Parameter& parameter : debug::btf::parameters(*prototype)) {
      blob.text(parameter.name);
      ids.push_back({parameter.type});
    }
    const auto places = debug::place_parameters(types, arch::x86_64(), {prototype->size_or_type}, ids);
    DTP_REQUIRE(places.size() == ids.size());
  }
  blob.find_type("struct file");
  blob.find_enumerator("A");
}

const std::string& kernel() {
  static const std::string bytes = [] {
    test::BtfBuilder b;
    const auto number = b.integer("int", 4, 1);
    b.function("read", number, {{"file", b.pointer(b.structure("file", 8, {{"pos", number}}, {0}))}});
    return b.bytes();
  }();
  return bytes;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::bytes_of(data, size);
  if (const auto blob = debug::btf::Blob::parse(bytes, nullptr, "x"))
    ask_all(*blob);
  else
    fuzz::check_error(blob.error());
  static const auto base = debug::btf::Blob::parse(std::as_bytes(std::span(kernel())), nullptr, "base");
  DTP_REQUIRE(base);
  if (const auto blob = debug::btf::Blob::parse(bytes, &*base, "x")) ask_all(*blob);
  return 0;
}
