#include "dtracepp/type.h"

namespace dtp::type {

const Type& Table::at(Id id) {
  if (const auto found = loaded_.find(id.key); found != loaded_.end()) return *found->second;
  // The loader may itself ask this table, so nothing of `loaded_` is held while it works.
  auto type = std::make_unique<Type>(id.key == 0 ? Type{.kind = Kind::void_} : loader_->load_type(id));
  return *loaded_.try_emplace(id.key, std::move(type)).first->second;
}

Id Table::add_pointer(Id target) {
  const Id id{next_added_++};
  loaded_.emplace(id.key, std::make_unique<Type>(Type{.kind = Kind::pointer, .size = 8, .target = target}));
  return id;
}

}  // namespace dtp::type
