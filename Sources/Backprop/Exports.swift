// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

@_exported public import BackpropData
@_exported public import BackpropFormats
@_exported public import BackpropGraph
@_exported public import BackpropModels
@_exported public import BackpropNN
@_exported public import BackpropRuntime
@_exported public import BackpropTraining
