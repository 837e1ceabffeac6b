#include "record/members.h"

#include <algorithm>

#include "base/lines.h"
#include "base/number.h"
#include "probe/shared.h"

namespace dtp::record {
namespace {

constexpr std::size_t longest_name = 256;
constexpr std::size_t most_fields = 1 << 20;  // of all members: more than a file that we wrote has

bool take_number(std::string_view& line, std::uint16_t& number) {
  return base::read_number(base::take_until(line, ' '), number);
}

}  // namespace

std::vector<EventSchema> split_members(const EventSchema& shared, std::span<const Member> members) {
  std::vector<EventSchema> schemas;
  const auto field = std::ranges::find(shared.fields, probe::member_field, &FieldSchema::name);
  if (field == shared.fields.end() || field->kind != FieldKind::unsigned_ || field->size != 2) return schemas;
  if (members.size() * shared.fields.size() > most_fields) return schemas;
  EventSchema common = shared;
  common.member_offset = field->offset;
  common.fields.erase(common.fields.begin() + (field - shared.fields.begin()));
  for (const Member& member : members) {
    if (member.shared != shared.id) continue;
    schemas.push_back(common);
    schemas.back().event = member.event;
    schemas.back().member = member.number;
  }
  return schemas;
}

std::string encode_members(std::span<const Member> members) {
  std::string text(members_start);
  for (const Member& member : members)
    text += std::to_string(member.shared) + " " + std::to_string(member.number) + " " + member.event + "\n";
  return text;
}

std::optional<std::vector<Member>> decode_members(std::string_view text) {
  if (!text.starts_with(members_start)) return std::nullopt;
  text.remove_prefix(members_start.size());
  std::vector<Member> members;
  while (!text.empty()) {
    std::string_view line = base::take_line(text);
    Member member;
    const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
    if (!take_number(line, member.shared) || !take_number(line, member.number)) return std::nullopt;
    if (line.empty() || line.size() > longest_name || !std::ranges::all_of(line, is_printable)) return std::nullopt;
    member.event = line;
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace dtp::record
