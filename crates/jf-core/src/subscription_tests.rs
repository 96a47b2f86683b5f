//! Deliveries of subscriptions over a scripted engine.
