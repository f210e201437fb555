min({v}) FILTER (WHERE is_good),
max({v}) FILTER (WHERE is_good),
max({decimals}) FILTER (WHERE is_good)
