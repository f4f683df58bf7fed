// What the HTTP listener has: the page, the metrics, and what the page reads. Pure: from a request to its answer, or to what
// has to be asked first. It changes nothing, so that who may read may ask.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "model/command.h"
#include "model/gateway_history.h"
#include "model/snapshot.h"

namespace vtid::control {

struct PageRequest {
  std::string_view method;
  std::string_view target;  // "/metrics"
  std::string_view host;    // of the header, with its port; empty without one
  std::string_view accept;
};

// Where it was asked.
struct PageDoor {
  bool any_host = false;  // false: only by address or as localhost, so that no site of a browser can lead here by its name
  std::string nonce;      // for the page's own script and style; new for each request
};

struct PageAnswer {
  unsigned status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body;
  std::string headers{};  // more of them, each with its line's end
};

// Post `command`; when its result is there, `render` makes the answer.
struct PageLook {
  model::Command command;
  std::function<PageAnswer(const model::Snapshot&, const model::GatewayHistory&)> render;
};

// An event stream (server-sent events): what happened lately, then what happens.
struct PageStream {};

[[nodiscard]] std::variant<PageAnswer, PageLook, PageStream> answer_page(const PageRequest& request, const PageDoor& door);

// One event as the stream has it; `id` counts events.
[[nodiscard]] std::string stream_event(std::uint64_t id, const model::Event& event);

extern const std::string_view kPageTemplate;  // src/control/page.html

}  // namespace vtid::control
