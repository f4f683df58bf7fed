// fmt's compiled half for the cross build, which has Debian's headers of it and no library to link: the definitions, and the
// instantiations that fmt/format.h declares extern. Compiling them in every file instead costs seconds a file.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template FMT_API thousands_sep_result<char> thousands_sep_impl<char>(locale_ref);
template FMT_API char decimal_point_impl(locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
