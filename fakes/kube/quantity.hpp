#pragma once

#include <string>
#include <string_view>

/// Kubernetes' quantities: "1", "500m", "1.5Gi", "1e3".
namespace meshproof::fakes::kube {

/// What Go's resource.ParseQuantity says of a text, "" where it is a quantity.
[[nodiscard]] std::string quantity_fault(std::string_view text);
/// The quantity as the API server writes it: "1000m" is "1", "1024Mi" is "1Gi", "0.5Ki" is "512".
/// In thousandths (SetDefaults_ResourceList) it is rounded up to some, as resources are.
enum class Precision { nano, milli };
[[nodiscard]] std::string quantity_text(std::string_view text, Precision precision);
/// How much it is, to compare with others; 0 of what is none. Rounded once, so that the same
/// amount in other words is equal: "100m" and "0.1".
[[nodiscard]] long double amount_of(std::string_view text);

}  // namespace meshproof::fakes::kube
