// dtrace++ hist: counts the hits of a probe by values.
#include <memory>

#include "cmd/answer_options.h"
#include "cmd/answering.h"
#include "cmd/command.h"
#include "cmd/compile.h"
#include "cmd/hist_question.h"
#include "recipe/settings.h"

namespace dtp::cmd {
namespace {

struct Options {
  std::vector<std::string> words = {};  // the probe
  TargetOptions target = {};
  AnswerFlags answer = {};
  HistFlags hist = {};
};

Result<int> hist(const Options& options, const std::vector<std::string>& command, const Common& common) {
  DTP_TRY(const recipe::Recipe recipe,
          to_recipe(join_words(options.words), options.hist, options.target, options.answer.top));
  DTP_TRY(AnswerOptions wanted, to_answer_options(options.answer, options.target, command, common));
  if (!options.target.executable.empty() && options.target.target_ns == 0) wanted.target.pids = wanted.watched.pids;
  return answer(recipe, {}, wanted, common);
}

}  // namespace

void add_hist(Registry& registry) {
  CLI::App& command =
      *registry.app.add_subcommand("hist", "count the hits of a probe by values, in the kernel if it can");
  const auto options = std::make_shared<Options>();
  command.add_option("PROBE", options->words, "FUNCTION[@FILE][+OFFSET|:LINE|%return] or FILE:LINE [ARGUMENT...]")
      ->required();
  add_hist_options(command, options->hist)->required();
  add_target_options(command, options->target);
  add_compile_options(command, options->target);
  add_answer_options(command, options->answer);
  add_common_options(command, registry.common);
  command.footer(
      "Examples:\n"
      "  dtrace++ hist vfs_read --key comm --value count --duration 10s\n"
      "  dtrace++ hist tcp_sendmsg --key comm,dest=sk->__sk_common.skc_daddr --value size --top 20\n"
      "  dtrace++ hist syscalls:sys_enter_write --key comm,count --log2\n"
      "  dtrace++ hist -x /bin/bash 'readline%return line=+0($retval):string' --key line --every 5s");
  run_with_command(command, registry, options, hist);
}

}  // namespace dtp::cmd
