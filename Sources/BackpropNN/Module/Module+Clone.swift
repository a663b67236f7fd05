// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Module {
  /// A model of its own with the same values: training one does not change the other. Tied weights
  /// stay tied, frozen ones frozen. Values are immutable and shared until one of the two changes.
  ///
  /// - Precondition: layers of any type (`any Layer`) that are larger than three words lie in an
  ///   array or dictionary, not in a property.
  public func clone() -> Self {
    let cloner = Cloner()
    let copy = cloner.clone(self)
    let (old, new) = (table, copy.table)
    let isComplete =
      zip(old.parameters, new.parameters).allSatisfy {
        cloner.copies[ObjectIdentifier($0.parameter)] === $1.parameter
      }
      && zip(old.buffers, new.buffers).allSatisfy {
        cloner.copies[ObjectIdentifier($0.buffer)] === $1.buffer
      }
    precondition(
      isComplete,
      "\(Self.self) cannot be cloned: keep a layer of unknown type in an array, or name its type")
    return copy
  }
}

/// Copies a struct and exchanges the references to leaves in the copy.
///
/// A struct of `let`s cannot be rebuilt by reflection, so the copy is changed in place: reflection
/// says which objects (parameters, buffers, places, storage of collections) a value refers to, and
/// each word of the copy that holds the address of one gets the address of its copy, with the
/// counts of references kept right. ``Module/clone()`` checks the outcome by reflection.
private final class Cloner {
  private(set) var copies: [ObjectIdentifier: AnyObject] = [:]

  func clone<Value>(_ value: Value) -> Value {
    let dynamic = type(of: value as Any)
    if dynamic != Value.self, let module = value as? any Module, let copy = clone(module) as? Value
    {
      return copy
    }
    var replacements: [UInt: AnyObject] = [:]
    find(in: value, &replacements)
    var result = value
    withUnsafeMutableBytes(of: &result) { bytes in
      for offset in stride(from: 0, to: bytes.count - bytes.count % 8, by: 8) {
        let word = bytes.load(fromByteOffset: offset, as: UInt.self)
        // Enums with several payloads keep their case in bits that addresses do not use.
        let address = word & Cloner.addressBits
        guard let new = replacements[address],
          let old = UnsafeRawPointer(bitPattern: address)
        else { continue }
        let pointer = Unmanaged.passRetained(new).toOpaque()
        bytes.storeBytes(
          of: UInt(bitPattern: pointer) | word & ~Cloner.addressBits, toByteOffset: offset,
          as: UInt.self)
        Unmanaged<AnyObject>.fromOpaque(old).release()
      }
    }
    return result
  }

  private static let addressBits: UInt = 0x00FF_FFFF_FFFF_FFF8

  /// The objects that a value refers to, by address, each with its copy.
  private func find(in value: Any, _ replacements: inout [UInt: AnyObject]) {
    switch value {
    case let parameter as Parameter: add(parameter, { parameter.copy(copied) }, &replacements)
    case let buffer as Buffer: add(buffer, { buffer.copy(copied) }, &replacements)
    case let place as Place: add(place, place.copy, &replacements)
    case let collection as any ClonableCollection:
      if let pair = collection.storages(self) { replacements[pair.old] = pair.new }
    default:
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .struct, .tuple, .optional, .enum:
        for child in mirror.children { find(in: child.value, &replacements) }
      default: break
      }
    }
  }

  /// The copy of a parameter, made now if it was not met yet.
  private func copied(_ parameter: Parameter) -> Parameter {
    if let known = copies[ObjectIdentifier(parameter)] as? Parameter { return known }
    let copy = parameter.copy(copied)
    copies[ObjectIdentifier(parameter)] = copy
    return copy
  }

  private func add<Leaf: AnyObject>(
    _ leaf: Leaf, _ copy: () -> Leaf, _ replacements: inout [UInt: AnyObject]
  ) {
    let known = copies[ObjectIdentifier(leaf)] ?? copy()
    copies[ObjectIdentifier(leaf)] = known
    replacements[UInt(bitPattern: Unmanaged.passUnretained(leaf).toOpaque())] = known
  }
}

/// A collection that is one reference to its elements.
private protocol ClonableCollection {
  /// The address of the elements' storage, and a storage with their clones; nil if there is none
  /// of its own.
  func storages(_ cloner: Cloner) -> (old: UInt, new: AnyObject)?
}

extension Array: ClonableCollection {
  fileprivate func storages(_ cloner: Cloner) -> (old: UInt, new: AnyObject)? {
    isEmpty ? nil : references(self, map(cloner.clone))
  }
}

extension Dictionary: ClonableCollection {
  fileprivate func storages(_ cloner: Cloner) -> (old: UInt, new: AnyObject)? {
    isEmpty ? nil : references(self, mapValues(cloner.clone))
  }
}

/// Two collections as references to their storages.
private func references<Elements>(_ old: Elements, _ new: Elements) -> (old: UInt, new: AnyObject)?
{
  guard MemoryLayout<Elements>.size == MemoryLayout<UInt>.size else { return nil }
  return (unsafeBitCast(old, to: UInt.self), unsafeBitCast(new, to: AnyObject.self))
}
