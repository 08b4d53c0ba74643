Gem::Specification.new do |spec|
  spec.name = "demo"
  spec.version = "1.0.0"
end
