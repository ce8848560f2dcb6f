# Blinkgate in a container: docker build -t blinkgate . && docker run -p 7860:7860 -v blinkgate:/data blinkgate
# How to deploy it: docs/deploy/. scripts/lib/dockerfile-steps runs these steps without a container engine.

# The same Debian in both stages, because the program is linked against its C library.
FROM rust:1.95-bookworm AS build
WORKDIR /src
RUN rustup target add wasm32-unknown-unknown
COPY . .
# The first build compiles the inference library twice, for the server and for the browser. The caches keep what later
# builds can reuse.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    scripts/build-wasm && \
    cargo build --locked --release --package server --bin blinkgate && \
    cp target/release/blinkgate /usr/local/bin/blinkgate

FROM debian:bookworm-slim
# The public certificate authorities, for mail servers, buckets and Resend.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --uid 1000 --user-group --home-dir /data --shell /usr/sbin/nologin blinkgate && \
    install -d -o 1000 -g 1000 -m 700 /data
COPY --from=build /usr/local/bin/blinkgate /usr/local/bin/blinkgate
ENV HOST=0.0.0.0 PORT=7860 DATA_DIR=/data
USER 1000:1000
# SQLite falls back to the working directory for temporary files.
WORKDIR /data
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["blinkgate", "health"]
ENTRYPOINT ["blinkgate"]
CMD ["serve"]
