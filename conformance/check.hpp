#pragma once

#include "core/check/check.hpp"

/// The words in which every topic is written.
namespace meshproof::conformance {

using run::As;
using run::Check;
using run::Feature;
using run::Json;
using run::Level;
using run::Probe;
using run::Reply;

}  // namespace meshproof::conformance
