// A dialogue with a program, written as if each answer were waited for: a coroutine that begins at once, stops where it needs
// an answer, and is resumed when that has come. Runs on the thread that resumes it; ends with its Task.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

namespace vtid::platform {

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiting = std::noop_coroutine();  // for the value

    struct End {
      static bool await_ready() noexcept { return false; }
      static std::coroutine_handle<> await_suspend(Handle ended) noexcept { return ended.promise().waiting; }
      static void await_resume() noexcept {}
    };
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static End final_suspend() noexcept { return {}; }
    void return_value(T result) { value = std::move(result); }
    [[noreturn]] static void unhandled_exception() { throw; }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // By co_await, once.
  [[nodiscard]] bool await_ready() const { return handle_.done(); }
  void await_suspend(std::coroutine_handle<> waiting) { handle_.promise().waiting = waiting; }
  T await_resume() { return *std::move(handle_.promise().value); }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

}  // namespace vtid::platform
