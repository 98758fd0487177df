"""Reviews and wish lists."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('wish_lists',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('key_hash', sa.String(length=64), nullable=True),
    sa.Column('share_id', sa.String(length=40), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint('(user_id IS NULL) <> (key_hash IS NULL)', name=op.f('ck_wish_lists_has_one_owner')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_wish_lists_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wish_lists')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_wish_lists_key_hash')),
    sa.UniqueConstraint('public_id', name=op.f('uq_wish_lists_public_id')),
    sa.UniqueConstraint('share_id', name=op.f('uq_wish_lists_share_id')),
    sa.UniqueConstraint('user_id', name=op.f('uq_wish_lists_user_id'))
    )
    with op.batch_alter_table('wish_lists', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_wish_lists_updated_at'), ['updated_at'], unique=False)

    op.create_table('wish_list_items',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('wish_list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('saved_price_amount', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('removed_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint('saved_price_amount >= 0', name=op.f('ck_wish_list_items_saved_price_not_negative')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_wish_list_items_product_id')),
    sa.ForeignKeyConstraint(['wish_list_id'], ['wish_lists.id'], name=op.f('fk_wish_list_items_wish_list_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wish_list_items')),
    sa.UniqueConstraint('public_id', name=op.f('uq_wish_list_items_public_id')),
    sa.UniqueConstraint('wish_list_id', 'product_id', name=op.f('uq_wish_list_items_wish_list_id_product_id'))
    )
    with op.batch_alter_table('wish_list_items', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_wish_list_items_product_id'), ['product_id'], unique=False)

    op.create_table('reviews',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('rating', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('author_name', sa.String(length=60), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('reply', sa.Text(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('moderated_at', UtcDateTime(), nullable=True),
    sa.Column('moderated_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("(status = 'pending') = (moderated_at IS NULL)", name=op.f('ck_reviews_moderated_when_decided')),
    sa.CheckConstraint("status IN ('pending', 'approved', 'hidden')", name=op.f('ck_reviews_status')),
    sa.CheckConstraint('rating BETWEEN 1 AND 5', name=op.f('ck_reviews_rating_in_range')),
    sa.ForeignKeyConstraint(['moderated_by'], ['users.id'], name=op.f('fk_reviews_moderated_by')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_reviews_order_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_reviews_product_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_reviews_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reviews')),
    sa.UniqueConstraint('order_id', 'product_id', name=op.f('uq_reviews_order_id_product_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_reviews_public_id'))
    )
    with op.batch_alter_table('reviews', schema=None) as batch_op:
        batch_op.create_index('ix_reviews_product', ['product_id', 'status', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_reviews_status', ['status', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_reviews_user_id'), ['user_id'], unique=False)

    # Deliveries that were told before letters followed from them: nobody is asked about them now.
    op.execute("UPDATE outbox_events SET dispatched_at = created_at WHERE type = 'order.delivered' AND dispatched_at IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table('reviews', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reviews_user_id'))
        batch_op.drop_index('ix_reviews_status')
        batch_op.drop_index('ix_reviews_product')

    op.drop_table('reviews')
    with op.batch_alter_table('wish_list_items', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_wish_list_items_product_id'))

    op.drop_table('wish_list_items')
    with op.batch_alter_table('wish_lists', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_wish_lists_updated_at'))

    op.drop_table('wish_lists')
    op.execute("UPDATE listings SET rating_sum = 0, rating_count = 0")
    op.execute("DELETE FROM emails WHERE kind = 'review_request' AND status <> 'done'")
