#include "CBackprop.h"
