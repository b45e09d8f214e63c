#pragma once

#include "fakes/saboteurs.hpp"

namespace meshproof::fakes {

using Defects = Saboteurs;  ///< their former name, until fakes/vault uses the new one

}  // namespace meshproof::fakes
