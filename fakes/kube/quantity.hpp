#pragma once

#include <string>
#include <string_view>

/// Kubernetes' quantities: "1", "500m", "1.5Gi", "1e3".
namespace meshproof::fakes::kube {

/// What Go's resource.ParseQuantity says of a text, "" where it is a quantity.
[[nodiscard]] std::string quantity_fault(std::string_view text);
/// How much it is, to compare with others; 0 of what is none. Rounded once, so that the same
/// amount in other words is equal: "100m" and "0.1".
[[nodiscard]] long double amount_of(std::string_view text);

}  // namespace meshproof::fakes::kube
