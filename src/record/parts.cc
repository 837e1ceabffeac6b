#include "record/parts.h"

#include <utility>
#include <vector>

namespace dtp::record {
namespace {

bool is_part(const FieldSchema& field, const FieldSchema& head) {
  if (field.display == path::Display::path_part)
    return head.display == path::Display::path && field.kind == FieldKind::string;
  return field.display == path::Display::length && field.size == 8 && head.kind == FieldKind::array && !head.dynamic &&
         head.parts.empty();
}

}  // namespace

void fold_parts(EventSchema& schema) {
  std::vector<FieldSchema> folded;
  for (FieldSchema& field : schema.fields) {
    if (!folded.empty() && is_part(field, folded.back()))
      folded.back().parts.push_back(std::move(field));
    else
      folded.push_back(std::move(field));
  }
  for (FieldSchema& field : folded) {
    if (field.display != path::Display::text) continue;
    // Without its length a text is the array that it is.
    if (field.parts.empty())
      field.display = path::Display::none;
    else
      field.kind = FieldKind::string;
  }
  schema.fields = std::move(folded);
}

}  // namespace dtp::record
